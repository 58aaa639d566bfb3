//! What the ledger told before the rows were there that it tells of.
//!
//! Accounts and transactions come by different ways, and forks take rows back: which is
//! first is anybody's guess. So whoever writes an account's row has it told what the ledger
//! has of it from the row's slot on, and whoever adds transactions older than others of the
//! ledger has their games told the later ones once more. Who knows already stays as it is.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use super::{effects::ToldGames, event::Event, rebuild, replay};
use crate::store::{
    draw_games, draws,
    entries::{self, EntryBody},
    games::GameBody,
    table::{self, Body, Row},
    told::{self, Since},
};

/// Games that are told at once: each may have been told much.
const GAMES: usize = 64;

/// Rows that something may have been told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Late {
    /// Each from a slot on.
    pub games: Vec<Since>,
    /// The same, with their games.
    pub entries: Vec<(String, Since)>,
    pub draws: Vec<String>,
}

impl Late {
    /// Without the games of which the ledger has nothing from these slots on.
    ///
    /// # Errors
    /// The database's.
    pub async fn told_more(mut self, connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        if !self.games.is_empty() {
            self.games = told::games(connection, &self.games).await?;
        }
        Ok(self)
    }

    /// Tells the rows.
    ///
    /// # Errors
    /// The database's.
    pub async fn tell(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        tell_draws(connection, &self.draws).await?;
        for games in self.games.chunks(GAMES) {
            tell_games(connection, games).await?;
        }
        tell_entries(connection, &self.entries).await
    }
}

/// Tells what the ledger has of accounts whose rows a fork may have changed; of those that
/// are `gone` the chain says nothing any more. (Games and entries that are gone are made
/// anew once their slots are final.)
///
/// # Errors
/// The database's.
pub async fn after_fork(
    connection: &mut PgConnection,
    gone: &[String],
    touched: &[String],
) -> Result<(), sqlx::Error> {
    draws::forget_ends(connection, gone).await?;
    let requests = told::requests(connection, gone).await?;
    draws::requested(connection, &requests).await?;
    tell_draws(connection, gone).await?;
    draw_games::tell_again(connection, touched).await
}

async fn tell_draws(connection: &mut PgConnection, draws: &[String]) -> Result<(), sqlx::Error> {
    if draws.is_empty() {
        return Ok(());
    }
    let ends = told::ends_of_draws(connection, draws).await?;
    draws::ended(connection, &ends).await
}

async fn tell_games(connection: &mut PgConnection, games: &[Since]) -> Result<(), sqlx::Error> {
    let rows = told::events(connection, games).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let since: Vec<Since> = (games.iter())
        .filter(|(game, _)| rows.contains_key(game))
        .cloned()
        .collect();
    let paid = told::payments(connection, &since, told::WINNINGS).await?;
    let mut all = ToldGames::new();
    for (game, rows) in rows {
        let paid = paid.get(&game).map(Vec::as_slice).unwrap_or_default();
        let Ok(address) = game.parse() else { continue };
        match rebuild::told(&address, &rows, paid) {
            Ok(told) => _ = all.insert(game, told),
            // Whoever wrote these rows knew more, or less, than this build.
            Err(error) => {
                tracing::error!(game, %error, "the ledger's rows of a game cannot be read");
            }
        }
    }
    replay(connection, &all).await
}

/// Writes games' rows as their events say they are, given in the order of the chain.
///
/// # Errors
/// The database's.
pub(super) async fn replay(
    connection: &mut PgConnection,
    games: &ToldGames,
) -> Result<(), sqlx::Error> {
    if games.is_empty() {
        return Ok(());
    }
    let addresses: Vec<String> = games.keys().cloned().collect();
    // A game that nobody ever saw leaves its events alone until it is over.
    let (mut changed, mut closed, mut slots) = (Vec::new(), Vec::new(), Vec::new());
    for row in table::rows::<GameBody>(connection, &addresses).await? {
        let address = row.head.address.to_string();
        let Some(told) = games.get(&address) else {
            continue;
        };
        let (now, closed_at) = replayed(row, told);
        if now != row {
            changed.push(now);
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

/// A game's row as its events say it is, and the slot at which they say it was closed.
fn replayed(mut row: Row<GameBody>, events: &[replay::Told]) -> (Row<GameBody>, Option<i64>) {
    let before = row.body;
    for told in events {
        replay::apply(&mut row.body, &row.head.address, told);
    }
    let closed = events
        .iter()
        .find(|told| matches!(told.event, Event::GameClosed(_)))
        .map(|told| told.slot);
    if row.body != before {
        let seen = events.iter().filter(|told| is_there(&told.event));
        let last = closed.or_else(|| seen.map(|told| told.slot).max());
        let last = last.unwrap_or_default();
        if last > row.head.slot {
            // The account itself, as of that slot, says more.
            (row.head.slot, row.head.write_version) = (last, -1);
        }
    }
    (row, closed)
}

/// Whether the game was there when this was told: entries may close after it, and nothing
/// has been paid then as far as they know.
fn is_there(event: &Event) -> bool {
    !matches!(event, Event::PlayersPaid(paid) if (paid.paid_out, paid.refunded) == (0, 0))
}

async fn tell_entries(
    connection: &mut PgConnection,
    entries: &[(String, Since)],
) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let games: BTreeSet<&String> = entries.iter().map(|(game, _)| game).collect();
    let games: Vec<String> = games.into_iter().cloned().collect();
    let since: Vec<Since> = entries.iter().map(|(_, since)| since.clone()).collect();
    let ends = told::ends_of_entries(connection, &games, &since).await?;
    let of = |is_refund| {
        let ends = ends.iter().filter(move |end| end.is_refund == is_refund);
        ends.map(|end| (end.entry.clone(), end.slot))
    };
    entries::refunded(connection, &of(true).collect::<Vec<_>>()).await?;
    let (closed, slots): (Vec<_>, Vec<_>) = of(false).unzip();
    table::close(connection, EntryBody::TABLE, &closed, &slots).await?;
    Ok(())
}
