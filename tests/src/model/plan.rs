//! What an anonymous keeper does next to bring a game to its end. It has no rights: it
//! cranks, waits, and tops up who fell below rent exemption.

use solana_pubkey::Pubkey;

use super::{
    action::{Action, Answer, Named, Payment, What},
    cast::ACTORS,
    state::{ATTEMPTS, Game, Model, Stage, Status},
};

/// What the keeper is like.
#[derive(Clone, Copy, Debug)]
pub struct Keeper {
    /// Oracles that answer it, as bits.
    pub alive: u8,
    /// Oracles it knows, counted from the first.
    pub known: u8,
    /// Pays prizes, or leaves them to expire.
    pub claims: bool,
    /// Closes entries before their games.
    pub entries_first: bool,
    /// Pays several players in one transaction.
    pub batches: bool,
    /// Has whoever froze a vault thaw it.
    pub thaws: bool,
    /// Who it is.
    pub who: usize,
    /// Index of the lane it opens if there is none.
    pub lane: u8,
    /// Makes the oracles' values.
    pub value: [u8; 32],
}

/// Lane indices that only the keeper opens.
pub const KEEPERS_LANES: u8 = 200;

impl Keeper {
    fn send(&self, what: What) -> Action {
        Action::Send {
            who: self.who,
            what,
        }
    }

    /// The next step for a game; none once it is gone with all its entries.
    pub fn next(&self, model: &Model, index: usize) -> Option<Action> {
        let game = &model.games[index];
        if game.gone {
            return self.entry_to_close(model, index);
        }
        if let Some(top_up) = self.top_up(model, index) {
            return Some(top_up);
        }
        Some(match game.status {
            Status::Drawing => self.bring_draw_on(model, game),
            Status::Open if !game.sales_ended(model.now) => {
                wait_until(model, game.params.closes_at)
            }
            Status::Open if game.tickets < game.params.min_tickets => {
                self.send(What::Cancel { game: index })
            }
            Status::Playing if game.awaits_settlement() => {
                self.send(What::SettleGame { game: index })
            }
            Status::Playing if model.now < game.next_round_at => {
                wait_until(model, game.next_round_at)
            }
            Status::Open | Status::Playing => self.request(model, index),
            Status::Settled | Status::Cancelled if game.paid => self.close(model, index),
            Status::Settled => self.pay_winners(model, index),
            Status::Cancelled => self.refund(model, index),
        })
    }

    /// Accounts that a rise of rent left short, and vaults that were frozen.
    ///
    /// The runtime lets no payment take an account below rent exemption, nor give to
    /// one that is below it and stays there. So each must have today's exemption
    /// beside what it owes.
    fn top_up(&self, model: &Model, index: usize) -> Option<Action> {
        let cast = &model.cast;
        let game = &model.games[index];
        let native = |owed: u128| if cast.token.is_none() { owed as u64 } else { 0 };
        let mut holders = vec![
            (game.address, game.escrow + native(game.owed())),
            (cast.treasury, native(model.house.treasury.accrued)),
        ];
        for (key, jackpot) in cast.jackpots.iter().zip(&model.house.jackpots) {
            holders.push((*key, native(jackpot.amount)));
        }
        for (holder, _) in &holders {
            if let Some(account) = cast.vault(holder)
                && model.ledger.is_frozen(&account)
                && self.thaws
            {
                return Some(self.send(What::Thaw { account }));
            }
        }
        holders.extend(
            game.draw
                .map(|draw| (model.draws[draw].address, model.draws[draw].bounty)),
        );
        let entries = model.entries.iter().filter(|entry| entry.game == index);
        holders.extend(
            entries
                .filter(|entry| !entry.gone && !entry.refunded)
                .map(|entry| (entry.address, 2 * entry.bounty)),
        );
        if let Some(top_up) = self.lift(model, &holders) {
            return Some(top_up);
        }
        // Wallets that get something: players, the creator, who paid for a draw.
        let players = model
            .entries
            .iter()
            .filter(|entry| entry.game == index && !entry.gone)
            .map(|entry| entry.player);
        let payers = game.draw.map(|draw| model.draws[draw].payer);
        for wallet in players.chain([game.creator]).chain(payers) {
            let least = model.ledger.rent(0);
            if model.ledger.lamports(&wallet) < least {
                return Some(self.donate(wallet, least));
            }
        }
        None
    }

    /// Gives the first of these accounts that lacks it what it needs for today's
    /// exemption beside what it owes (lamports).
    fn lift(&self, model: &Model, holders: &[(Pubkey, u64)]) -> Option<Action> {
        holders.iter().find_map(|(holder, owed)| {
            let holding = model.ledger.get(holder);
            let needed = model.ledger.rent(holding.bytes) + owed;
            let missing = needed.checked_sub(holding.lamports)?;
            (missing > 0).then(|| self.donate(*holder, missing))
        })
    }

    fn donate(&self, to: Pubkey, lamports: u64) -> Action {
        Action::Send {
            who: ACTORS,
            what: What::Donate { to, lamports },
        }
    }

    fn bring_draw_on(&self, model: &Model, game: &Game) -> Action {
        let index = game.draw.expect("a game that is drawn has a draw");
        self.draw_on(model, index)
    }

    fn draw_on(&self, model: &Model, index: usize) -> Action {
        let draw = &model.draws[index];
        let waiting: Vec<_> = draw
            .games
            .iter()
            .copied()
            .filter(|game| model.games[*game].draw == Some(index))
            .collect();
        // Of other games too, if their draw is in the way.
        let native = model.cast.token.is_none();
        let mut holders = vec![(draw.address, draw.bounty), (draw.payer, 0)];
        holders.extend(waiting.iter().map(|game| {
            let game = &model.games[*game];
            let owed = if native { game.owed() as u64 } else { 0 };
            (game.address, game.escrow + owed)
        }));
        if let Some(top_up) = self.lift(model, &holders) {
            return top_up;
        }
        match draw.stage {
            Stage::Revealed => self.send(What::Settle {
                draw: index,
                games: waiting,
            }),
            Stage::Aborted => self.send(What::Abort {
                draw: index,
                games: waiting,
            }),
            Stage::Pending if self.alive & (1 << draw.oracle) != 0 => {
                if model.slot <= draw.seed_slot + 1 {
                    return Action::Wait {
                        slot: model.slot + 1,
                        now: model.now,
                    };
                }
                self.send(What::Reveal {
                    draw: index,
                    oracle: draw.oracle,
                    answer: Answer::Right,
                    value: self.value,
                })
            }
            Stage::Pending if model.slot <= draw.timeout_slot => Action::Wait {
                slot: draw.timeout_slot + 1,
                now: model.now + 1,
            },
            Stage::Pending => self.send(What::Abort {
                draw: index,
                games: waiting,
            }),
        }
    }

    fn request(&self, model: &Model, index: usize) -> Action {
        let game = &model.games[index];
        let untried = (0..usize::from(self.known)).find(|oracle| !game.tried.contains(oracle));
        let Some(oracle) = untried.filter(|_| game.tried.len() < ATTEMPTS) else {
            if model.now < game.overdue_at() {
                return wait_until(model, game.overdue_at());
            }
            return self.send(What::Cancel { game: index });
        };
        let open = model.lanes.iter().filter(|lane| !lane.gone);
        let (idle, busy): (Vec<_>, Vec<_>) = open.partition(|lane| lane.waits_for.is_none());
        if let Some(lane) = idle.first() {
            return self.send(What::Request {
                lane: lane.index,
                oracle,
                games: vec![index],
            });
        }
        // Lanes come free by themselves, so the keeper needs none of its own; but where
        // there is none it opens one.
        match busy.first().and_then(|lane| lane.waits_for) {
            Some(draw) => self.draw_on(model, draw),
            None => self.send(What::OpenLane { index: self.lane }),
        }
    }

    fn named(&self, model: &Model, entry: usize) -> Named {
        Named {
            game: model.entries[entry].game,
            entry,
            player: model.entries[entry].player,
        }
    }

    /// The player's token account takes no money.
    fn is_shut(&self, model: &Model, entry: usize) -> bool {
        model
            .cast
            .associated(&model.entries[entry].player)
            .is_some_and(|account| model.ledger.is_frozen(&account))
    }

    fn pay_winners(&self, model: &Model, index: usize) -> Action {
        let game = &model.games[index];
        if model.now >= game.claims_end() {
            return self.send(What::Expire { game: index });
        }
        let prizes = self.payable(model, index);
        let due: Vec<_> = prizes.take(self.at_once()).collect();
        if !self.claims || due.is_empty() {
            return wait_until(model, game.claims_end());
        }
        self.pay(due)
    }

    /// Prizes and awards that can be paid.
    fn payable<'a>(&'a self, model: &'a Model, index: usize) -> impl Iterator<Item = Payment> + 'a {
        let game = &model.games[index];
        let open = move |ticket: u32| {
            let holder = model.holder(index, ticket).expect("every ticket is held");
            (!self.is_shut(model, holder)).then(|| self.named(model, holder))
        };
        let places = 0..u32::from(game.params.winners);
        let prizes = places
            .filter(|place| !game.places_paid.contains(place))
            .filter_map(move |place| {
                let ticket = game.winner(place);
                open(ticket).map(|named| Payment::Claim { named, ticket })
            });
        let awards = (0..3u8)
            .filter(|tier| game.awards[usize::from(*tier)] > 0 && !game.awards_paid.contains(tier))
            .filter_map(move |tier| {
                let ticket = game.award_tickets[usize::from(tier)];
                open(ticket).map(|named| Payment::ClaimJackpot { named, tier })
            });
        prizes.chain(awards)
    }

    /// Payments of one transaction.
    fn at_once(&self) -> usize {
        if self.batches { 4 } else { 1 }
    }

    fn pay(&self, mut payments: Vec<Payment>) -> Action {
        match payments.pop() {
            Some(payment) if payments.is_empty() => self.send(What::Pay(payment)),
            last => {
                payments.extend(last);
                self.send(What::Batch {
                    payments,
                    all_or_nothing: true,
                })
            }
        }
    }

    fn refund(&self, model: &Model, index: usize) -> Action {
        let owed: Vec<_> = self
            .entries(model, index)
            .filter(|entry| !model.entries[*entry].refunded)
            .collect();
        if let Some(shut) = owed.iter().find(|entry| self.is_shut(model, **entry)) {
            let account = model
                .cast
                .associated(&model.entries[*shut].player)
                .expect("only token accounts are frozen");
            return self.send(What::Thaw { account });
        }
        let owed = owed.iter().take(self.at_once());
        let named: Vec<_> = owed.map(|entry| self.named(model, *entry)).collect();
        let refunds = named.iter().map(|named| Payment::Refund { named: *named });
        let mut payments: Vec<_> = refunds.collect();
        // Nothing is owed to a refunded entry any more.
        if self.batches {
            payments.extend(
                named
                    .iter()
                    .map(|named| Payment::CloseEntry { named: *named }),
            );
        }
        self.pay(payments)
    }

    fn entries<'a>(&self, model: &'a Model, game: usize) -> impl Iterator<Item = usize> + 'a {
        (0..model.entries.len()).filter(move |entry| {
            let entry = &model.entries[*entry];
            entry.game == game && !entry.gone
        })
    }

    fn entry_to_close(&self, model: &Model, index: usize) -> Option<Action> {
        let entries = self.entries(model, index).take(self.at_once());
        let named: Vec<_> = entries.map(|entry| self.named(model, entry)).collect();
        let least = model.ledger.rent(0);
        let poor = |named: &&Named| model.ledger.lamports(&named.player) < least;
        if let Some(poor) = named.iter().find(poor) {
            return Some(self.donate(poor.player, least));
        }
        let closes = named.into_iter().map(|named| Payment::CloseEntry { named });
        let closes: Vec<_> = closes.collect();
        (!closes.is_empty()).then(|| self.pay(closes))
    }

    fn close(&self, model: &Model, index: usize) -> Action {
        let game = &model.games[index];
        if self.entries_first {
            if let Some(close) = self.entry_to_close(model, index) {
                return close;
            }
        } else if game.entries_closed < game.entries && model.now < game.claims_end() {
            return wait_until(model, game.claims_end());
        }
        // Donated tokens go to the creator's account.
        if let Some(account) = model.cast.associated(&game.creator)
            && model.ledger.is_frozen(&account)
        {
            return self.send(What::Thaw { account });
        }
        self.send(What::CloseGame {
            game: index,
            creator: game.creator,
        })
    }
}

/// Time passes until then; half a second a slot.
pub fn wait_until(model: &Model, now: i64) -> Action {
    let seconds = u64::try_from(now - model.now).unwrap_or(0);
    Action::Wait {
        slot: model.slot + 2 * seconds + 1,
        now: now.max(model.now),
    }
}
