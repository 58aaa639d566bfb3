//! What transactions say of accounts, written where the accounts themselves did not,
//! or could not, tell it.

use std::collections::{BTreeMap, BTreeSet};

use lottery::events::Payment;
use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{
    again::{self, Late},
    decode::Decoded,
    event::Event,
    replay::{self, Told},
};
use crate::store::{
    base58::text,
    draw_games::{self, Ended},
    draws::{self, DrawEnd, DrawRequested},
    entries,
    incomplete::{self, Closed},
};

/// Games with what is told of them, by address as text: the order of the table's key.
pub(super) type ToldGames = BTreeMap<String, Vec<Told>>;

/// What transactions say, each table's share in the order in which it is written.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// By draw.
    requested: Vec<DrawRequested>,
    /// By draw.
    ended: Vec<DrawEnd>,
    games: ToldGames,
    /// Entries and their slots.
    refunded: Vec<(String, i64)>,
    closed_entries: Vec<Closed>,
    /// Games and their slots.
    closed_games: Vec<(String, i64)>,
    /// Games of which the ledger now has more of what their rows can be made of.
    completed: BTreeSet<Pubkey>,
    bound: Vec<(String, String)>,
    released: Vec<Ended>,
    touched: BTreeSet<(i64, Pubkey)>,
}

impl Effects {
    /// Of transactions in their order.
    pub fn of<'a>(decoded: impl IntoIterator<Item = &'a Decoded>) -> Self {
        let mut effects = Self::default();
        let mut bound: BTreeSet<(String, String)> = BTreeSet::new();
        let mut ended: BTreeMap<(String, String), Ended> = BTreeMap::new();
        for transaction in decoded {
            effects
                .requested
                .extend(transaction.requested.iter().cloned());
            let asked = transaction.instructions.iter();
            let joins = asked.filter(|it| it.success && it.name == "join");
            effects.completed.extend(joins.filter_map(|join| join.game));
            for event in &transaction.told {
                let told = Told {
                    event: event.clone(),
                    slot: transaction.row.slot,
                    time: transaction.row.block_time,
                };
                effects.draws(&told);
                effects.entries(&told);
                effects.games(&told);
                bonds(&told, &mut bound, &mut ended);
            }
        }
        // Those that have ended are written with their end.
        bound.retain(|bond| !ended.contains_key(bond));
        effects.bound = bound.into_iter().collect();
        effects.released = ended.into_values().collect();
        effects.requested.sort_by(|a, b| a.draw.cmp(&b.draw));
        effects.ended.sort();
        effects.refunded.sort();
        effects.closed_entries.sort();
        effects.closed_games.sort();
        effects
    }

    fn draws(&mut self, told: &Told) {
        let draw = match &told.event {
            Event::DrawRequested(e) => {
                let games = e.games.iter().map(|game| (told.slot, *game));
                self.touched.extend(games);
                e.draw
            }
            Event::DrawSettled(e) => e.draw,
            Event::DrawRevealed(e) => {
                self.ended.push(DrawEnd {
                    draw: text(&e.draw),
                    slot: told.slot,
                    value: Some(e.value),
                });
                e.draw
            }
            Event::DrawAborted(e) => {
                self.ended.push(DrawEnd {
                    draw: text(&e.draw),
                    slot: told.slot,
                    value: None,
                });
                e.draw
            }
            _ => return,
        };
        self.touched.insert((told.slot, draw));
    }

    fn entries(&mut self, told: &Told) {
        let Event::PlayersPaid(paid) = &told.event else {
            return;
        };
        for payment in &paid.payments {
            self.touched.insert((told.slot, payment.entry));
            match payment.kind {
                Payment::REFUND => self.refunded.push((text(&payment.entry), told.slot)),
                Payment::RENT => self.closed_entries.push(Closed {
                    address: text(&payment.entry),
                    game: text(&paid.game),
                    slot: told.slot,
                }),
                _ => {}
            }
        }
    }

    fn games(&mut self, told: &Told) {
        match &told.event {
            Event::GameCreated(e) => _ = self.completed.insert(e.game),
            Event::GameClosed(e) => self.closed_games.push((text(&e.game), told.slot)),
            _ => {}
        }
        for game in replay::games(&told.event) {
            self.touched.insert((told.slot, game));
            self.completed.insert(game);
            self.games
                .entry(text(&game))
                .or_default()
                .push(told.clone());
        }
    }

    /// The accounts whose rows these may change, with the slots that say so.
    pub fn touched(&self) -> &BTreeSet<(i64, Pubkey)> {
        &self.touched
    }

    /// What these change up to a slot, the newest that the ledger had before: it may have more
    /// of it that is later.
    pub fn late(&self, newest: Option<i64>) -> Late {
        let since = |(game, told): (&String, &Vec<Told>)| {
            let first = told.iter().map(|told| told.slot).min()?;
            (Some(first) <= newest).then(|| (game.clone(), first))
        };
        let requested = self.requested.iter();
        Late {
            games: self.games.iter().filter_map(since).collect(),
            draws: requested
                .filter(|request| Some(request.slot) <= newest)
                .map(|request| request.draw.clone())
                .collect(),
            ..Late::default()
        }
    }

    /// Writes draws, games, entries and their bonds.
    pub async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        draws::requested(connection, &self.requested).await?;
        draws::ended(connection, &self.ended).await?;
        again::replay(connection, &self.games).await?;
        self.write_entries(connection).await?;
        let completed: Vec<String> = self.completed.iter().map(text).collect();
        incomplete::try_again(connection, &completed).await?;
        incomplete::note_games(connection, &self.closed_games).await?;
        draw_games::bind(connection, &self.bound).await?;
        draw_games::end(connection, &self.released).await
    }

    async fn write_entries(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        entries::refunded(connection, &self.refunded).await?;
        incomplete::close_entries(connection, &self.closed_entries).await
    }
}

/// Takes note of which draws serve which games, and how they let go of them.
fn bonds(
    told: &Told,
    bound: &mut BTreeSet<(String, String)>,
    ended: &mut BTreeMap<(String, String), Ended>,
) {
    let (draw, games, released): (_, Vec<Pubkey>, _) = match &told.event {
        Event::DrawRequested(e) => {
            let draw = text(&e.draw);
            bound.extend(e.games.iter().map(|game| (text(game), draw.clone())));
            return;
        }
        Event::DrawSettled(e) => (e.draw, e.rounds.iter().map(|r| r.game).collect(), false),
        Event::DrawAborted(e) => (e.draw, e.released.clone(), true),
        _ => return,
    };
    let draw = text(&draw);
    for game in games {
        let game = text(&game);
        let end = Ended {
            game: game.clone(),
            draw: draw.clone(),
            slot: told.slot,
            released,
        };
        ended.insert((game, draw.clone()), end);
    }
}
