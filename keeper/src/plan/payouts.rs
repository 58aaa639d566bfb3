//! Payments: prizes, jackpots and refunds, pushed to those they belong to.

use lottery_client::{
    instruction::Token,
    lottery::state::{Game, GameStatus, TIERS},
};

use super::{Planner, Reason};
use crate::{
    actions::{Action, Claim, ClaimJackpot, CloseEntry, GameRef, Key, Refund},
    state::Entries,
};

impl Planner<'_> {
    pub(super) fn push_payouts(&mut self) {
        for (reference, game) in std::mem::take(&mut self.payable) {
            let is_settled = game.is(GameStatus::Settled);
            let wanted = if is_settled {
                self.settings.push_claims
            } else {
                self.settings.push_refunds
            };
            let token = match self.currency(game) {
                _ if !wanted => Err(Reason::NotPushed),
                token => token,
            };
            let token = match token {
                Ok(token) => token,
                Err(reason) => {
                    self.owe(reference, game, reason);
                    continue;
                }
            };
            let before = self.plan.actions.len();
            let state = self.state;
            let none = Entries::default();
            let entries = state.entries(&reference.address).unwrap_or(&none);
            let reason = if is_settled {
                let all_known = self.pay_awards(reference, game, entries, token)
                    & self.pay_places(reference, game, entries, token);
                if all_known {
                    Reason::InHand
                } else {
                    Reason::EntriesUnknown
                }
            } else {
                self.refund(reference, game, entries, token)
            };
            if self.plan.actions.len() == before {
                self.owe(reference, game, reason);
            }
        }
    }

    /// Nothing is done for a game now; what it owes expires, unless it is refunds. Those
    /// that are made are followed by rent.
    fn owe(&mut self, reference: GameRef, game: &Game, reason: Reason) {
        let pays = !matches!(reason, Reason::NotPushed | Reason::TokenUnknown);
        if game.is(GameStatus::Settled) {
            self.wait_until(reference, reason, game.claims_end());
        } else if pays && self.settings.close && !self.closes_by_now(game) {
            self.wait_until(reference, reason, self.closes_from(game));
        } else {
            self.wait(reference, reason);
        }
    }

    /// Whether all entries are known that hold a ticket to be paid.
    fn pay_awards(
        &mut self,
        reference: GameRef,
        game: &Game,
        entries: &Entries,
        token: Option<Token>,
    ) -> bool {
        let mut all_known = true;
        for tier in 0..TIERS {
            let Ok(number) = u8::try_from(tier) else {
                continue;
            };
            let (Some(award), Some(ticket)) = (
                game.jackpot_awards.get(tier),
                game.jackpot_tickets.get(tier),
            ) else {
                continue;
            };
            let paid = game.awards_paid & (1 << number) != 0;
            if *award == 0 || paid || self.is_in_hand(&Key::Award(reference.address, number)) {
                continue;
            }
            let Some((address, entry)) = entries.holder(*ticket) else {
                all_known = false;
                continue;
            };
            self.add(Action::ClaimJackpot(ClaimJackpot {
                house: game.house,
                game: reference,
                entry: *address,
                player: entry.player,
                tier: number,
                token,
            }));
        }
        all_known
    }

    /// Whether all entries are known that hold a ticket to be paid.
    fn pay_places(
        &mut self,
        reference: GameRef,
        game: &Game,
        entries: &Entries,
        token: Option<Token>,
    ) -> bool {
        let mut all_known = true;
        for winner in self.state.winners(&reference.address, game).iter() {
            let paid = game.places_paid & 1u32.wrapping_shl(winner.place.into()) != 0;
            if paid || self.is_in_hand(&Key::Place(reference.address, winner.place)) {
                continue;
            }
            let Some((address, entry)) = entries.holder(winner.ticket) else {
                all_known = false;
                continue;
            };
            self.add(Action::Claim(Claim {
                house: game.house,
                game: reference,
                entry: *address,
                player: entry.player,
                ticket: winner.ticket,
                place: winner.place,
                rounds: game.rounds,
                token,
            }));
        }
        all_known
    }

    /// Returns what the game waits for if nothing was planned.
    fn refund(
        &mut self,
        reference: GameRef,
        game: &Game,
        entries: &Entries,
        token: Option<Token>,
    ) -> Reason {
        let closes = self.closes_by_now(game);
        for (address, entry) in entries.iter() {
            if self.is_in_hand(&Key::Entry(*address)) {
                continue;
            }
            if entry.refunded == 0 {
                self.add(Action::Refund(Refund {
                    house: game.house,
                    game: reference,
                    entry: *address,
                    player: entry.player,
                    token,
                }));
            } else if closes {
                // One that cannot be refunded does not hold up the others' rent.
                self.add(Action::CloseEntry(CloseEntry {
                    game: reference.address,
                    entry: *address,
                    player: entry.player,
                }));
            }
        }
        if self.state.has_all_entries(&reference.address, game) {
            Reason::InHand
        } else {
            Reason::EntriesUnknown
        }
    }
}
