//! Table `game_events`: what the program told of itself.

use solana_pubkey::Pubkey;

use super::{
    Column, U64,
    column::{Json, Time},
    record::record,
};

/// Name of a kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKind(pub &'static str);

impl Column for EventKind {
    const SQL: &'static str = "event_kind";
    fn write(&self, out: &mut String) -> bool {
        self.0.write(out)
    }
}

record! {
    /// What an event says of a game, or of a house if it is about no game.
    pub struct EventRow => "game_events" {
        /// Index of the transaction's instruction it came from.
        instruction: i16,
        /// Order within that.
        position: i32,
        /// Order of the game within the event.
        item: i16,
        at: Time,
        slot: i64,
        kind: EventKind,
        version: u8,
        house: Option<Pubkey>,
        game: Option<Pubkey>,
        draw: Option<Pubkey>,
        /// Who was paid the bounty; in the first row of an event alone, as are the amounts.
        cranker: Option<Pubkey>,
        /// Moved by it (base units).
        amount: Option<U64>,
        /// Lamports.
        bounty: Option<U64>,
        /// Its other fields.
        body: Json,
    }
}
