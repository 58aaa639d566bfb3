use anchor_lang::prelude::*;

/// One purchase: tickets `first_ticket .. first_ticket + tickets`.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub game: Address,
    pub player: Address,
    /// Paid for all tickets together (base units).
    pub paid: u64,
    /// Time of the purchase (unix seconds).
    pub joined_at: i64,
    pub first_ticket: u32,
    pub tickets: u32,
    /// Reward of whoever refunds or closes it (lamports), once each; held here.
    pub bounty: u32,
    /// Tells one player's entries in a game apart.
    pub nonce: u16,
    /// 1 once refunded; `Entry::CLOSING` of one that the batch under way closes at its end.
    pub refunded: u8,
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 7],
}

impl Entry {
    /// Cranks that an entry pays for: refund and close.
    pub const BOUNTIES: u64 = 2;

    /// Marks, in `refunded`, what a batch has closed already.
    pub const CLOSING: u8 = 2;

    /// Whether the ticket belongs to this entry.
    pub fn holds(&self, ticket: u32) -> bool {
        ticket
            .checked_sub(self.first_ticket)
            .is_some_and(|offset| offset < self.tickets)
    }
}
