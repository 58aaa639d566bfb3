//! Games: creation, cancellation, expiry, close.

use lottery::{
    LotteryError as E,
    state::{self, GameParams, HouseRules},
};
use lottery_client::address;
use solana_pubkey::Pubkey;

use super::{houses::bytes, money::Moves};
use crate::model::{
    state::{Game, Model, Reason, Status, share},
    why::Why,
};

const YEAR: i64 = 365 * 24 * 60 * 60;

fn valid(params: &GameParams, rules: &HouseRules, now: i64) -> Result<(), E> {
    let p = params;
    let most = u128::from(p.entry_fee) * u128::from(p.max_tickets);
    let winners = u32::from(p.winners);
    let keeps_valid = (1u8..).zip(&p.keep_bps).all(|(round, keep)| {
        if round < p.rounds {
            (1..=10_000).contains(keep)
        } else {
            *keep == 0
        }
    });
    let (paid, unpaid) = p.place_bps.split_at(usize::from(p.winners).min(32));
    let places = paid.iter().map(|bps| u32::from(*bps)).sum::<u32>() == 10_000
        && paid.iter().all(|bps| *bps > 0)
        && unpaid.iter().all(|bps| *bps == 0);
    let bounds = winners <= p.min_tickets
        && p.min_tickets <= p.max_tickets
        && (1..=p.max_tickets).contains(&p.max_tickets_per_entry);
    let times = p.opens_at < p.closes_at && now < p.closes_at && p.closes_at - now <= YEAR;
    let contributions = (0..3)
        .all(|tier| share(most, rules.jackpot_bps[tier]) <= u128::from(rules.jackpot_mean[tier]));
    [
        (p.entry_fee > 0, E::FeeZero),
        (most <= u128::from(u64::MAX), E::GrossOverflow),
        (times, E::GameTimes),
        ((1..=8).contains(&p.rounds), E::RoundCount),
        ((1..=32).contains(&p.winners), E::WinnerCount),
        (bounds, E::TicketBounds),
        (i64::from(p.round_interval) <= YEAR, E::RoundInterval),
        (keeps_valid, E::KeepBps),
        (places, E::PrizeBps),
        (contributions, E::ContributionAboveMean),
    ]
    .into_iter()
    .try_for_each(|(holds, error)| if holds { Ok(()) } else { Err(error) })
}

impl Model {
    pub(super) fn create_game(&mut self, key: Pubkey, params: &GameParams) -> Result<(), Why> {
        if params.id != self.games.len() as u64 {
            return Err(Why::SEEDS);
        }
        let address = address::game(&self.cast.house, params.id);
        let size = bytes::<state::Game>();
        self.ledger.create(key, address, size)?;
        let rules = self.rules();
        if !rules.open_creation && key != self.house.authority {
            return Err(E::NotAuthority.into());
        }
        if self.house.pause_games {
            return Err(E::GamesPaused.into());
        }
        valid(params, &rules, self.now)?;
        self.create_vault(key, &address)?;
        // A round takes three requests, three reveals or releases, and a settlement;
        // then come the prizes, three awards, an expiry or cancellation, the close.
        let steps = 7 * u64::from(params.rounds) + u64::from(params.winners) + 5;
        let escrow = steps * rules.bounty;
        self.ledger.transfer(key, address, escrow)?;
        self.games.push(Game {
            address,
            vault: self.cast.vault(&address),
            creator: key,
            params: *params,
            terms: rules,
            rent: self.ledger.rent(size),
            escrow,
            short: false,
            status: Status::Open,
            paid: false,
            gone: false,
            cancelled: None,
            tickets: 0,
            entries: 0,
            entries_closed: 0,
            hash: lottery::draw::first_entries_hash(&address),
            draw: None,
            tried: Vec::new(),
            seeds: Vec::new(),
            next_round_at: 0,
            settled_at: 0,
            prize_pool: 0,
            treasury_share: 0,
            contributions: [0; 3],
            awards: [0; 3],
            award_tickets: [0; 3],
            awards_paid: Default::default(),
            places_paid: Default::default(),
            paid_out: 0,
            refunded: 0,
            expired: 0,
        });
        Ok(())
    }

    /// A game that exists.
    pub(super) fn alive(&self, game: usize) -> Result<&Game, Why> {
        let game = &self.games[game];
        if game.gone {
            return Err(Why::GONE);
        }
        Ok(game)
    }

    /// The bounty of a step goes from a game to who took it.
    pub(super) fn reward(&mut self, game: usize, who: Pubkey) -> Result<(), Why> {
        let bounty = self.games[game].take_bounty();
        self.pay_lamports(self.games[game].address, who, bounty)
    }

    pub(super) fn end(&mut self, game: usize, reason: Reason) {
        let now = self.now;
        let game = &mut self.games[game];
        game.status = Status::Cancelled;
        game.cancelled = Some(reason);
        game.settled_at = now;
        game.note_if_paid();
    }

    pub(super) fn cancel(&mut self, key: Pubkey, index: usize) -> Result<(), Why> {
        let now = self.now;
        let game = self.alive(index)?;
        let open = game.status == Status::Open;
        let few = game.tickets < game.params.min_tickets;
        let waits = open || (game.status == Status::Playing && !game.rounds_done());
        let reason = if open && game.sales_ended(now) && few {
            Reason::TooFewTickets
        } else if waits && now >= game.overdue_at() {
            Reason::Overdue
        } else {
            return Err(E::NotCancellable.into());
        };
        self.end(index, reason);
        self.reward(index, key)
    }

    pub(super) fn expire(&mut self, key: Pubkey, index: usize) -> Result<(), Why> {
        let game = self.alive(index)?;
        if game.status != Status::Settled {
            return Err(E::GameNotSettled.into());
        }
        if self.now < game.claims_end() {
            return Err(E::ClaimsOpen.into());
        }
        let (address, left) = (game.address, game.owed());
        if left == 0 {
            return Err(E::NothingToExpire.into());
        }
        let mega = self.cast.jackpots[2];
        if self.any_frozen(&[address, mega]) {
            return Err(E::VaultFrozen.into());
        }
        self.games[index].expired = left;
        self.games[index].note_if_paid();
        self.contribute(2, left);
        self.transfer(address, mega, left)?;
        self.reward(index, key)
    }

    pub(super) fn close_game(
        &mut self,
        key: Pubkey,
        index: usize,
        creator: Pubkey,
    ) -> Result<(), Why> {
        let now = self.now;
        let game = self.alive(index)?;
        if creator != game.creator {
            return Err(E::ForeignCreator.into());
        }
        if !game.paid {
            return Err(E::GameStillOwes.into());
        }
        if game.entries_closed < game.entries && now < game.claims_end() {
            return Err(E::EntriesOpen.into());
        }
        let address = game.address;
        let bounty = self.games[index].take_bounty();
        let rest = self.ledger.lamports(&address) - bounty;
        self.ledger.require_payable(&creator, rest)?;
        if let Some(vault) = self.cast.vault(&address) {
            let donated = u128::from(self.ledger.tokens(&vault));
            self.require_payout(&address, &creator, donated)?;
            self.pay(address, creator, donated, &mut Moves::new())?;
            self.ledger.close(vault, creator);
        }
        self.pay_lamports(address, key, bounty)?;
        self.ledger.close(address, creator);
        self.games[index].gone = true;
        Ok(())
    }
}
