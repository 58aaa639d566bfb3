//! How games end: paid, refunded, expired, closed; by the program's own bookkeeping.

use std::ops::Range;

use lottery::{
    draw::winning_ticket,
    events::{
        DrawAborted, EVENT_VERSION, GameCancelled, GameClosed, GameCreated, Payment, PlayersPaid,
        PrizesExpired,
    },
    math::place_prize,
    money::Holder as _,
    state::{Draw, Entry, GameStatus, Lane},
};
use solana_pubkey::Pubkey;

use super::chain::{BOUNTY, World, key};

/// When games end that end here (unix seconds).
const NOW: i64 = 1_700_006_000;

impl World {
    /// The events since the last time.
    pub fn take_told(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.told)
    }

    pub fn tell_created(&mut self, index: usize) {
        let (address, game) = self.games[index];
        self.tell(&GameCreated {
            version: EVENT_VERSION,
            house: game.house,
            game: address,
            creator: game.creator,
            vault: game.vault,
            id: game.id,
            bounty_escrow: game.bounty_escrow,
            jackpot_mean: game.jackpot_mean,
            bounty: game.bounty,
            claim_window: game.claim_window,
            prize_bps: game.prize_bps,
            treasury_bps: game.treasury_bps,
            jackpot_bps: game.jackpot_bps,
            reserve_bps: game.reserve_bps,
        });
    }

    fn holder(&self, index: usize, ticket: u32) -> (Pubkey, Entry) {
        let game = self.games[index].0;
        let mut entries = self.entries.iter();
        *entries
            .find(|(_, e)| e.game == game && e.holds(ticket))
            .unwrap()
    }

    fn tell_paid(&mut self, index: usize, payments: Vec<Payment>) {
        let (address, game) = self.games[index];
        let closed = self.closed.contains(&address);
        self.tell(&PlayersPaid {
            version: EVENT_VERSION,
            game: address,
            payments,
            paid_out: if closed { 0 } else { game.paid_out },
            refunded: if closed { 0 } else { game.refunded },
            cranker: key(6),
            bounty: BOUNTY,
        });
    }

    /// Pays places up to `places`, and with the last of them the awards.
    pub fn pay_winners(&mut self, index: usize, places: u8) {
        self.pay_places(index, 0..places);
    }

    /// Pays the places that are left, and the awards.
    pub fn pay_rest(&mut self, index: usize) {
        let game = self.games[index].1;
        let first = u8::try_from(game.places_paid.trailing_ones()).unwrap();
        self.pay_places(index, first..game.winners);
    }

    fn pay_places(&mut self, index: usize, places: Range<u8>) {
        let mut payments = Vec::new();
        for place in places.clone() {
            let game = &mut self.games[index].1;
            let ticket = winning_ticket(&game.rules(), game.seeds(), u32::from(place));
            let prize = place_prize(game.prize_pool, &game.place_bps, usize::from(place));
            game.note_prize(place, prize).unwrap();
            let (entry, held) = self.holder(index, ticket);
            payments.push(Payment {
                kind: Payment::PRIZE,
                index: place,
                ticket,
                entry,
                player: held.player,
                amount: prize,
            });
        }
        let game = self.games[index].1;
        for tier in (0..3u8).filter(|_| places.end == game.winners) {
            let award = game.jackpot_awards[usize::from(tier)];
            if award == 0 {
                continue;
            }
            let ticket = game.jackpot_tickets[usize::from(tier)];
            let (entry, held) = self.holder(index, ticket);
            self.games[index].1.note_award(tier, award).unwrap();
            self.jackpots[usize::from(tier)].last_winner = held.player;
            payments.push(Payment {
                kind: Payment::AWARD,
                index: tier,
                ticket,
                entry,
                player: held.player,
                amount: award,
            });
        }
        self.tell_paid(index, payments);
    }

    pub fn cancel(&mut self, index: usize) {
        let (address, game) = &mut self.games[index];
        game.cancel(NOW).unwrap();
        let told = GameCancelled {
            version: EVENT_VERSION,
            house: game.house,
            game: *address,
            reason: GameCancelled::TOO_FEW_TICKETS,
            owed: game.owed().unwrap(),
            cranker: key(6),
            bounty: game.take_bounty(),
        };
        self.tell(&told);
    }

    pub fn refund_all(&mut self, index: usize) {
        let (address, game) = &mut self.games[index];
        let mut payments = Vec::new();
        for (entry, held) in self.entries.iter_mut().filter(|(_, e)| e.game == *address) {
            game.note_refund(held).unwrap();
            payments.push(Payment {
                kind: Payment::REFUND,
                index: 0,
                ticket: 0,
                entry: *entry,
                player: held.player,
                amount: held.paid,
            });
        }
        self.tell_paid(index, payments);
    }

    /// Moves what was not claimed to the mega jackpot.
    pub fn expire(&mut self, index: usize) {
        let (address, game) = &mut self.games[index];
        let amount = game.owed().unwrap();
        game.expired = amount;
        game.note_if_paid().unwrap();
        self.jackpots[2].contribute(amount, 3_000).unwrap();
        let told = PrizesExpired {
            version: EVENT_VERSION,
            house: game.house,
            game: *address,
            amount,
            pot: self.jackpots[2].amount,
            cranker: key(6),
            bounty: game.take_bounty(),
        };
        self.tell(&told);
    }

    /// Closes a game's entries.
    pub fn close_entries(&mut self, index: usize) {
        let address = self.games[index].0;
        let open = !self.closed.contains(&address);
        let mut payments = Vec::new();
        self.entries.retain(|(entry, held)| {
            if held.game == address {
                payments.push(Payment {
                    kind: Payment::RENT,
                    index: 0,
                    ticket: 0,
                    entry: *entry,
                    player: held.player,
                    amount: 1_000,
                });
            }
            held.game != address
        });
        if open {
            self.games[index].1.entries_closed += u32::try_from(payments.len()).unwrap();
        }
        self.tell_paid(index, payments);
    }

    pub fn close_game(&mut self, index: usize) {
        let (address, game) = self.games[index];
        self.closed.push(address);
        self.tell(&GameClosed {
            version: EVENT_VERSION,
            house: game.house,
            game: address,
            creator: game.creator,
            entries_hash: game.entries_hash,
            tickets: game.tickets,
            entries: game.entries,
            lamports: 1,
            tokens: 0,
            cranker: key(6),
            bounty: 0,
        });
    }

    /// Gives up the last draw; its games can be drawn again.
    pub fn abort(&mut self) {
        let (address, mut draw) = self.draws.pop().unwrap();
        draw.state = Draw::ABORTED;
        self.lane.state = Lane::IDLE;
        let mut released = Vec::new();
        for (game_address, game) in &mut self.games {
            if game.is(GameStatus::Drawing) && game.draw == address {
                game.draw = Pubkey::default();
                game.set_status(match game.rounds_settled {
                    0 => GameStatus::Open,
                    _ => GameStatus::Playing,
                });
                released.push(*game_address);
            }
        }
        self.tell(&DrawAborted {
            version: EVENT_VERSION,
            house: draw.house,
            draw: address,
            oracle: draw.oracle,
            released,
            cranker: key(6),
            bounty: BOUNTY,
        });
    }
}
