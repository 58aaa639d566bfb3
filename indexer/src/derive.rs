//! Computes what follows from the accounts: every ticket's fate once a round is
//! settled, winners, jackpot wins, and the proof that each round's seed comes
//! from its draw. The queue is in the tables (`games.derived_rounds`), so a
//! restart goes on where this stopped. Runs beside the writer, never in its way.

use std::{sync::Arc, time::Duration};

use lottery::{draw::round_seed, state::GameStatus};
use solana_pubkey::Pubkey;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    error::DeriveError,
    fate::{self, Played},
    ledger::rebuild,
    store::{
        self,
        derived::{self, Derived, EntryTickets},
        games::GameBody,
        incomplete,
        proofs::{self, Candidate},
        table::{self, Row},
    },
};

/// Games read from the queue at once.
const GAMES: i64 = 64;

/// Looks again even if nobody says that something changed: the ledger fills in
/// draws, and an earlier attempt may have failed.
const INTERVAL: Duration = Duration::from_secs(2);

/// Computes after every change until `stop`.
pub async fn run(pool: PgPool, changed: Arc<Notify>, stop: CancellationToken) {
    loop {
        if let Err(error) = once(&pool).await {
            tracing::warn!(%error, "could not derive; will try again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = changed.notified() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Computes everything that is due.
///
/// # Errors
/// The database's. A game that contradicts itself, or is refused, is logged and skipped.
pub async fn once(pool: &PgPool) -> Result<(), DeriveError> {
    fill_in(pool).await?;
    // On from the last one: those that wait, or contradict themselves, hold up no other.
    let mut after = String::new();
    loop {
        let games = derived::games_to_derive(pool, &after, GAMES).await?;
        let Some(last) = games.last() else { break };
        after = last.to_string();
        for game in &games {
            match derive_game(pool, game).await {
                Ok(_) => {}
                Err(DeriveError::Database(error)) if store::is_transient(&error) => {
                    return Err(error.into());
                }
                Err(error) => tracing::error!(%game, %error, "fates not computed"),
            }
        }
    }
    prove_rounds(pool).await?;
    proofs::close_done_draws(pool).await?;
    Ok(())
}

/// Makes the rows of games that came and went while nobody looked.
async fn fill_in(pool: &PgPool) -> Result<(), DeriveError> {
    loop {
        let games = incomplete::waiting(pool, GAMES).await?;
        if games.is_empty() {
            return Ok(());
        }
        let mut has_changed = false;
        for game in games {
            let error = match make_rows(pool, &game).await {
                Ok(()) => continue,
                Err(error) if store::is_overtaken(&error) => {
                    has_changed = true;
                    continue;
                }
                Err(error) if store::is_transient(&error) => return Err(error.into()),
                Err(error) => error,
            };
            let reason = error.to_string();
            tracing::warn!(%game, reason, "rows are missing, and were refused");
            incomplete::failed(&mut *pool.acquire().await?, &game, &reason).await?;
        }
        if has_changed {
            // Whoever writes these games shall go first: they have their turn next time.
            return Ok(());
        }
    }
}

/// Makes a game's missing rows, of the tables as they are at one moment: a writer that has
/// more of this game meanwhile goes first.
async fn make_rows(pool: &PgPool, game: &Pubkey) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut view = store::begin_view(&mut connection).await?;
    if !incomplete::is_waiting(&mut view, game).await? {
        return Ok(());
    }
    let row = table::find(&mut view, game).await?;
    let history = incomplete::history(&mut view, game).await?;
    let made = rebuild::make(game, &history, row.as_ref());
    store::turn(&mut view).await?;
    match made {
        Ok(made) => {
            let added = incomplete::complete(&mut view, game, &made).await?;
            view.commit().await?;
            tracing::info!(%game, added, "rows made of the ledger");
        }
        Err(error) => {
            incomplete::failed(&mut view, game, &error.to_string()).await?;
            view.commit().await?;
            tracing::warn!(%game, %error, "rows are missing, and could not be made");
        }
    }
    Ok(())
}

/// What fates depend on.
pub fn played(game: &GameBody) -> Played {
    Played {
        tickets: game.tickets,
        rounds: game.rounds,
        winners: game.winners,
        keep_bps: game.keep_bps,
        seeds: game.seeds(),
        settled: game.status == GameStatus::Settled,
        prize_pool: game.prize_pool.0,
        place_bps: game.place_bps,
        jackpot_awards: game.jackpot_awards.map(|award| award.0),
        jackpot_tickets: game.jackpot_tickets,
    }
}

/// Whether the entries are all the tickets of the game.
fn complete(game: &GameBody, entries: &[EntryTickets]) -> bool {
    let sum: u64 = entries.iter().map(|e| u64::from(e.tickets.count)).sum();
    sum == u64::from(game.tickets)
}

/// Computes one game; `false` when it has to wait for its entries.
async fn derive_game(pool: &PgPool, address: &Pubkey) -> Result<bool, DeriveError> {
    let mut connection = pool.acquire().await?;
    let Some(Row { head, body }) = table::find::<GameBody>(&mut connection, address).await? else {
        return Ok(false);
    };
    let entries = derived::entries_of(&mut connection, address).await?;
    if !complete(&body, &entries) && !derived::snapshot_covers(&mut connection, head.slot).await? {
        return Ok(false);
    }
    drop(connection);
    let game = *address;
    let derived =
        tokio::task::spawn_blocking(move || compute(game, played(&body), entries)).await??;
    let stored = derived::store(pool, &derived).await?;
    tracing::info!(%game, rounds = derived.played.seeds.len(), stored, "fates computed");
    Ok(stored)
}

fn compute(
    game: Pubkey,
    played: Played,
    entries: Vec<EntryTickets>,
) -> Result<Derived, DeriveError> {
    let outcome = fate::play(&played).map_err(|error| DeriveError::Inconsistent {
        game: game.to_string(),
        reason: error.to_string(),
    })?;
    let entries = entries
        .into_iter()
        .map(|entry| {
            let fate = outcome.entry(&played, entry.tickets);
            (entry, fate)
        })
        .collect();
    Ok(Derived {
        game,
        played,
        outcome,
        entries,
    })
}

/// Finds the draw of each round by recomputing its seed.
async fn prove_rounds(pool: &PgPool) -> Result<(), DeriveError> {
    let mut after = (String::new(), -1);
    loop {
        let candidates = proofs::candidates(pool, &after).await?;
        let Some(last) = candidates.last() else {
            return Ok(());
        };
        after = (last.game.to_string(), last.round.into());
        let proven: Vec<&Candidate> = candidates
            .iter()
            .filter(|c| round_seed(&c.value, &c.game, c.round) == c.seed)
            .collect();
        if !proven.is_empty() {
            proofs::prove(pool, &proven).await?;
        }
    }
}
