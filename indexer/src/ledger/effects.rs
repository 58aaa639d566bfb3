//! What transactions say of accounts, written where the accounts themselves did not,
//! or could not, tell it.

use std::collections::{BTreeMap, BTreeSet};

use lottery::events::Payment;
use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{
    decode::Decoded,
    event::Event,
    replay::{self, Told},
};
use crate::store::{
    draw_games::{self, Ended},
    draws::{self, DrawRequested},
    entries,
    games::GameBody,
    table::{self, Body, Row},
};

/// What a chunk of transactions says, in their order.
#[derive(Debug, Default)]
pub(super) struct Effects {
    requested: Vec<DrawRequested>,
    told: Vec<Told>,
}

impl Effects {
    /// Takes note of a transaction.
    pub fn add(&mut self, decoded: &Decoded) {
        self.requested.extend(decoded.requested.iter().cloned());
        self.told.extend(decoded.told.iter().map(|event| Told {
            event: event.clone(),
            slot: decoded.row.slot,
            time: decoded.row.block_time,
        }));
    }

    /// The accounts whose rows these may change, with the slots that say so.
    pub fn touched(&self) -> BTreeSet<(i64, Pubkey)> {
        let mut touched = BTreeSet::new();
        for told in &self.told {
            let mut add = |address: Pubkey| touched.insert((told.slot, address));
            for game in replay::games(&told.event) {
                add(game);
            }
            match &told.event {
                Event::DrawRequested(e) => _ = add(e.draw),
                Event::DrawRevealed(e) => _ = add(e.draw),
                Event::DrawSettled(e) => _ = add(e.draw),
                Event::DrawAborted(e) => _ = add(e.draw),
                Event::PlayersPaid(e) => e.payments.iter().for_each(|p| _ = add(p.entry)),
                _ => {}
            }
        }
        touched
    }

    /// Writes draws, games, entries and their bonds, each by key: the order in which
    /// the accounts' writer takes its locks.
    pub async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.write_draws(connection).await?;
        self.write_games(connection).await?;
        self.write_entries(connection).await?;
        self.write_bonds(connection).await
    }

    async fn write_draws(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut requested: Vec<&DrawRequested> = self.requested.iter().collect();
        requested.sort_by(|a, b| a.draw.cmp(&b.draw));
        for draw in requested {
            draws::requested(connection, draw).await?;
        }
        // A draw is revealed or aborted, never both.
        let mut ended: Vec<(String, i64, Option<[u8; 32]>)> = Vec::new();
        for told in &self.told {
            match &told.event {
                Event::DrawRevealed(e) => {
                    ended.push((e.draw.to_string(), told.slot, Some(e.value)));
                }
                Event::DrawAborted(e) => ended.push((e.draw.to_string(), told.slot, None)),
                _ => {}
            }
        }
        ended.sort();
        for (draw, slot, value) in &ended {
            match value {
                Some(value) => draws::revealed_at(connection, draw, *slot, value).await?,
                None => draws::aborted_at(connection, draw, *slot).await?,
            }
        }
        Ok(())
    }

    async fn write_games(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        // By address as text, the order of the table's key.
        let mut about: BTreeMap<String, (Pubkey, Vec<&Told>)> = BTreeMap::new();
        for told in &self.told {
            let games: BTreeSet<Pubkey> = replay::games(&told.event).into_iter().collect();
            for game in games {
                let (_, events) = about
                    .entry(game.to_string())
                    .or_insert_with(|| (game, Vec::new()));
                events.push(told);
            }
        }
        let addresses: Vec<String> = about.keys().cloned().collect();
        // A game that nobody ever saw leaves its events alone.
        let mut changed = Vec::new();
        let (mut closed, mut slots) = (Vec::new(), Vec::new());
        for row in table::lock::<GameBody>(connection, &addresses).await? {
            let address = row.head.address.to_string();
            let Some((_, events)) = about.get(&address) else {
                continue;
            };
            let (row_now, closed_at) = replay(row, events);
            if row_now != row {
                changed.push(row_now);
            }
            if let Some(slot) = closed_at {
                closed.push(address);
                slots.push(slot);
            }
        }
        table::rewrite(connection, &changed).await?;
        table::close(connection, GameBody::TABLE, &closed, &slots).await?;
        Ok(())
    }

    async fn write_entries(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut refunded = Vec::new();
        let mut closed = Vec::new();
        for told in &self.told {
            let Event::PlayersPaid(paid) = &told.event else {
                continue;
            };
            for payment in &paid.payments {
                let row = (payment.entry.to_string(), told.slot);
                match payment.kind {
                    Payment::REFUND => refunded.push(row),
                    Payment::RENT => closed.push(row),
                    _ => {}
                }
            }
        }
        refunded.sort();
        closed.sort();
        entries::refunded(connection, &refunded).await?;
        let (addresses, slots): (Vec<_>, Vec<_>) = closed.into_iter().unzip();
        table::close(connection, entries::EntryBody::TABLE, &addresses, &slots).await?;
        Ok(())
    }

    async fn write_bonds(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut bound: BTreeSet<(String, String)> = BTreeSet::new();
        let mut ended: BTreeMap<(String, String), Ended> = BTreeMap::new();
        for told in &self.told {
            let (draw, games, released): (_, Vec<Pubkey>, _) = match &told.event {
                Event::DrawRequested(e) => {
                    let draw = e.draw.to_string();
                    bound.extend(e.games.iter().map(|g| (g.to_string(), draw.clone())));
                    continue;
                }
                Event::DrawSettled(e) => (e.draw, e.rounds.iter().map(|r| r.game).collect(), false),
                Event::DrawAborted(e) => (e.draw, e.released.clone(), true),
                _ => continue,
            };
            for game in games {
                let (game, draw) = (game.to_string(), draw.to_string());
                let end = Ended {
                    game: game.clone(),
                    draw: draw.clone(),
                    slot: told.slot,
                    released,
                };
                ended.insert((game, draw), end);
            }
        }
        // Those that have ended are written with their end.
        bound.retain(|bond| !ended.contains_key(bond));
        draw_games::bind(connection, &bound.into_iter().collect::<Vec<_>>()).await?;
        draw_games::end(connection, &ended.into_values().collect::<Vec<_>>()).await
    }
}

/// A game's row as its events say it is, and the slot at which they say it was closed.
fn replay(mut row: Row<GameBody>, events: &[&Told]) -> (Row<GameBody>, Option<i64>) {
    let before = row.body;
    for told in events {
        replay::apply(&mut row.body, &row.head.address, told);
    }
    let closed = events
        .iter()
        .find(|told| matches!(told.event, Event::GameClosed(_)))
        .map(|told| told.slot);
    if row.body != before {
        // Entries may close after their game: that is not seeing the game.
        let last = closed.or_else(|| events.iter().map(|told| told.slot).max());
        let last = last.unwrap_or_default();
        if last > row.head.slot {
            // The account itself, as of that slot, says more.
            (row.head.slot, row.head.write_version) = (last, -1);
        }
    }
    (row, closed)
}
