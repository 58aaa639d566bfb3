use anchor_lang::prelude::*;

/// One commitment to randomness, serving all games bound to it. It outlives its
/// lane's commitment until the last of them is settled, then its rent returns.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Draw {
    pub house: Address,
    pub lane: Address,
    /// Oracle that answers this draw.
    pub oracle: Address,
    /// Who paid the rent.
    pub payer: Address,
    /// The random value, once revealed.
    pub value: [u8; 32],
    pub id: u64,
    /// Slot whose hash is the seed; the slot before the request.
    pub seed_slot: u64,
    /// Slot of the reveal; 0 before.
    pub reveal_slot: u64,
    /// Time of the request (unix seconds).
    pub requested_at: i64,
    /// Last slot of the oracle's time; later anybody may abort.
    pub timeout_slot: u64,
    /// Escrowed by the games for the reveal (lamports).
    pub bounty: u64,
    /// Games bound at the request.
    pub games: u16,
    /// Games settled, or released by an abort, so far. They settle in the order they
    /// were bound, so that nobody can choose which of two games reaches a jackpot first.
    pub settled: u16,
    /// `Draw::PENDING`, `Draw::REVEALED` or `Draw::ABORTED`.
    pub state: u8,
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 65],
}

impl Draw {
    /// Waits for the oracle's value.
    pub const PENDING: u8 = 0;
    /// Has its value; games settle.
    pub const REVEALED: u8 = 1;
    /// The oracle never answered; games are released.
    pub const ABORTED: u8 = 2;

    /// Its last game was settled or released.
    pub fn is_done(&self) -> bool {
        self.settled == self.games
    }
}
