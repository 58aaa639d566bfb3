use anchor_lang::prelude::*;

use crate::{
    draw::{round_size, Rules, MAX_ROUNDS},
    error::LotteryError,
    money::{Holder, PdaSigner},
    seeds,
    state::TIERS,
};

/// Most places a game pays.
pub const MAX_PLACES: usize = 32;

/// Most draw requests for a round: a first one and two after aborts, each of
/// another oracle. If none answers the game is cancelled.
pub const MAX_DRAW_ATTEMPTS: u8 = 3;

/// How long after a draw was due the game may be cancelled if nobody could request
/// it (seconds): three days.
pub const DRAW_GRACE: i64 = 259_200;

/// Longest pause between two rounds: a year (seconds).
pub const MAX_ROUND_INTERVAL: u32 = 31_536_000;

/// Longest time from a game's creation to its close: a year (seconds). Money in a
/// game that does not sell out is bound until then.
pub const MAX_SALES: i64 = 31_536_000;

/// Where a game stands; bits 0 to 2 of `Game::status_and_flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum GameStatus {
    /// Sells tickets, or waits for the first draw request after the close.
    Open = 0,
    /// Frozen and bound to a draw.
    Drawing = 1,
    /// A round is settled, the next one not yet requested.
    Playing = 2,
    /// All rounds are settled; prizes and awards are being paid.
    Settled = 3,
    /// Every entry gets its money back.
    Cancelled = 4,
}

impl GameStatus {
    /// The status in these bits, if they hold one.
    pub fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits & Game::STATUS_MASK {
            0 => Self::Open,
            1 => Self::Drawing,
            2 => Self::Playing,
            3 => Self::Settled,
            4 => Self::Cancelled,
            _ => return None,
        })
    }
}

/// A game: its rules, copied from the house and fixed at creation, and its state.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Game {
    pub house: Address,
    pub creator: Address,
    /// Draw the game is bound to while `Drawing`; else all zero.
    pub draw: Address,
    /// Oracles already asked for the current round; all zero where none was.
    pub tried_oracles: [Address; MAX_DRAW_ATTEMPTS as usize],
    /// Token account that holds the money of a token house's game; else all zero.
    pub vault: Address,
    /// Running hash over all entries, see `draw::entries_hash`.
    pub entries_hash: [u8; 32],
    /// Seed of each settled round.
    pub round_seeds: [[u8; 32]; MAX_ROUNDS],
    pub id: u64,
    /// Price of a ticket (base units).
    pub entry_fee: u64,
    /// Lamports that keep the account alive, as measured when it was created.
    pub rent_reserve: u64,
    /// For the winners; known once settled (base units).
    pub prize_pool: u64,
    /// For the treasury; known once settled (base units).
    pub treasury_share: u64,
    /// Paid into each jackpot at settlement (base units).
    pub jackpot_contributions: [u64; TIERS],
    /// Won from each jackpot at settlement (base units).
    pub jackpot_awards: [u64; TIERS],
    /// Mean contribution between hits, and the most a hit pays (base units), from the
    /// house.
    pub jackpot_mean: [u64; TIERS],
    /// Prizes and awards paid so far (base units).
    pub paid_out: u64,
    /// Entry fees returned so far (base units).
    pub refunded: u64,
    /// Prizes and awards that nobody claimed in time, gone to the mega jackpot (base units).
    pub expired: u64,
    /// Reward of each crank (lamports), from the house.
    pub bounty: u64,
    /// Held here for cranks still to come (lamports).
    pub bounty_escrow: u64,
    /// Tickets are sold from here (unix seconds) …
    pub opens_at: i64,
    /// … until before here.
    pub closes_at: i64,
    /// Earliest request of the next draw (unix seconds), where that is not the close:
    /// of a later round, of a sold-out game, or after an abort.
    pub next_round_at: i64,
    /// Time of the last round's settlement or of the cancellation (unix seconds).
    pub settled_at: i64,
    pub min_tickets: u32,
    pub max_tickets: u32,
    pub max_tickets_per_entry: u32,
    /// Tickets sold.
    pub tickets: u32,
    /// Entries made.
    pub entries: u32,
    /// Entries closed, their rent returned.
    pub entries_closed: u32,
    /// How long prizes may be claimed after the settlement (seconds), from the house.
    pub claim_window: u32,
    /// Bit `p` is set once place `p` was paid.
    pub places_paid: u32,
    /// Pause between a settled round and the next request (seconds).
    pub round_interval: u32,
    /// Winning ticket of each jackpot that was hit.
    pub jackpot_tickets: [u32; TIERS],
    /// Part of the tickets that survives each round but the last (bps).
    pub keep_bps: [u16; MAX_ROUNDS],
    /// Part of the prize pool for each place (bps).
    pub place_bps: [u16; MAX_PLACES],
    /// Share of the takings for the prize pool (bps), from the house.
    pub prize_bps: u16,
    /// Share for the treasury (bps), from the house.
    pub treasury_bps: u16,
    /// Share for each jackpot (bps), from the house.
    pub jackpot_bps: [u16; TIERS],
    /// Part of each jackpot kept back on a hit (bps), from the house.
    pub reserve_bps: [u16; TIERS],
    /// Position in the draw the game is bound to.
    pub draw_index: u16,
    pub rounds: u8,
    pub rounds_settled: u8,
    pub winners: u8,
    /// Draw requests made for the current round, at most `MAX_DRAW_ATTEMPTS`.
    pub draw_attempts: u8,
    /// Bit `t` is set once the award of tier `t` was paid.
    pub awards_paid: u8,
    /// Status in bits 0 to 2, flags in bits 3 to 7.
    pub status_and_flags: u8,
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 94],
}

impl Game {
    /// Bits of the status.
    pub const STATUS_MASK: u8 = 0b111;
    /// At least one jackpot was hit.
    pub const FLAG_JACKPOT_HIT: u8 = 1 << 3;
    /// Everything owed to players has been paid, or has expired.
    pub const FLAG_PAID: u8 = 1 << 4;

    /// The status; `None` for bits that no instruction writes.
    pub fn status(&self) -> Option<GameStatus> {
        GameStatus::from_bits(self.status_and_flags)
    }

    pub fn is(&self, status: GameStatus) -> bool {
        self.status_and_flags & Self::STATUS_MASK == status as u8
    }

    pub fn set_status(&mut self, status: GameStatus) {
        self.status_and_flags = (self.status_and_flags & !Self::STATUS_MASK) | status as u8;
    }

    pub fn has(&self, flag: u8) -> bool {
        self.status_and_flags & flag != 0
    }

    pub fn set_flag(&mut self, flag: u8) {
        self.status_and_flags |= flag;
    }

    /// Ticket sales so far (base units); `GameParams::validate` made sure that
    /// even a sold-out game's fits.
    pub fn gross(&self) -> u64 {
        self.entry_fee.wrapping_mul(u64::from(self.tickets))
    }

    pub fn sold_out(&self) -> bool {
        self.tickets >= self.max_tickets
    }

    /// Sales have ended: by time or by the last ticket.
    pub fn sales_ended(&self, now: i64) -> bool {
        self.sold_out() || now >= self.closes_at
    }

    /// Tickets alive before round `round`; `round == rounds` gives the winners.
    #[inline(never)]
    pub fn survivors(&self, round: u8) -> u32 {
        let mut n = self.tickets;
        let mut r = 0;
        while r < round {
            n = round_size(n, r, self.rounds, self.winners, &self.keep_bps);
            r = r.wrapping_add(1);
        }
        n
    }

    /// The rules that decide its tickets' fates.
    pub fn rules(&self) -> Rules<'_> {
        Rules {
            tickets: self.tickets,
            rounds: self.rounds,
            winners: self.winners,
            keep_bps: &self.keep_bps,
        }
    }

    /// Seeds of the rounds settled so far.
    pub fn seeds(&self) -> &[[u8; 32]] {
        let settled = usize::from(self.rounds_settled).min(MAX_ROUNDS);
        &self.round_seeds[..settled]
    }

    /// All rounds are drawn, but the money could not be moved yet because a vault
    /// was frozen.
    pub fn awaits_settlement(&self) -> bool {
        self.is(GameStatus::Playing) && self.rounds_settled >= self.rounds
    }

    /// From when its next draw may be requested (unix seconds).
    pub fn draw_due_at(&self) -> i64 {
        let first = self.is(GameStatus::Open) && self.draw_attempts == 0;
        if first && !self.sold_out() {
            self.closes_at
        } else {
            self.next_round_at
        }
    }

    /// First second at which prizes can no longer be claimed (unix).
    pub fn claims_end(&self) -> i64 {
        self.settled_at.saturating_add(i64::from(self.claim_window))
    }

    /// Bounties that every later step of a game of these rules could cost: per round
    /// a request and a reveal or release for each attempt, and the settlement; each
    /// prize and award; the expiry or cancellation; the close.
    pub fn bounties(rounds: u8, winners: u8) -> u64 {
        const PER_ROUND: u64 = 2 * MAX_DRAW_ATTEMPTS as u64 + 1;
        const ONCE: u64 = TIERS as u64 + 2;
        u64::from(rounds)
            .wrapping_mul(PER_ROUND)
            .wrapping_add(u64::from(winners))
            .wrapping_add(ONCE)
    }

    /// Takes a crank's bounty out of the escrow; what is left of it if that is less.
    pub fn take_bounty(&mut self) -> u64 {
        let bounty = self.bounty.min(self.bounty_escrow);
        self.bounty_escrow = self.bounty_escrow.saturating_sub(bounty);
        bounty
    }

    /// Cancels: every entry gets its money back.
    pub fn cancel(&mut self, now: i64) -> Result<()> {
        self.set_status(GameStatus::Cancelled);
        self.settled_at = now;
        self.note_if_paid()
    }

    /// Sets `FLAG_PAID` when nothing is owed to players any more.
    pub fn note_if_paid(&mut self) -> Result<()> {
        if self.owed()? == 0 {
            self.set_flag(Self::FLAG_PAID);
        }
        Ok(())
    }
}

impl Holder for Game {
    fn signer(&self) -> PdaSigner {
        PdaSigner::new(seeds::GAME, self.house, &self.id.to_le_bytes(), self.bump)
    }

    fn vault(&self) -> &Address {
        &self.vault
    }

    fn lamports_reserved(&self) -> Result<u64> {
        self.rent_reserve
            .checked_add(self.bounty_escrow)
            .ok_or(LotteryError::Overflow.into())
    }

    /// To players, and before the settlement to jackpots and treasury too.
    fn owed(&self) -> Result<u64> {
        let overflow = LotteryError::Overflow;
        if self.is(GameStatus::Settled) {
            let mut sum = self.prize_pool;
            for award in &self.jackpot_awards {
                sum = sum.checked_add(*award).ok_or(overflow)?;
            }
            return sum
                .checked_sub(self.paid_out)
                .and_then(|left| left.checked_sub(self.expired))
                .ok_or(overflow.into());
        }
        self.gross()
            .checked_sub(self.refunded)
            .ok_or(overflow.into())
    }
}
