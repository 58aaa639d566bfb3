//! Which games are played, by the seed: small ones, of all sorts.

use std::time::Duration;

use lottery_client::lottery::state::{GameParams, MAX_PLACES};
use rand::{Rng as _, rngs::StdRng, seq::SliceRandom as _};
use serde::Serialize;

use super::chance;

/// Share of games that sell too few tickets.
const DOOMED: f64 = 0.05;

/// Share of games that close by time; the others sell out.
const BY_TIME: f64 = 0.3;

/// Share of entries whose player has one in the same game already.
const SECOND_ENTRY: f64 = 0.1;

/// How long a game may sell that should sell out (seconds).
const PATIENCE: i64 = 60;

/// Shares of the places (bps), by the number of winners.
const PLACES: [&[u16]; 3] = [&[10_000], &[6_500, 3_500], &[5_000, 3_000, 2_000]];

/// How a game's sale ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sale {
    SellsOut,
    ClosesByTime,
    /// With too few tickets, so that it is cancelled.
    Doomed,
}

/// One purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Which of the players.
    pub player: usize,
    pub nonce: u16,
    pub tickets: u32,
}

/// A game to be played.
#[derive(Clone, Debug)]
pub struct Plan {
    /// When it is created, after the beginning.
    pub at: Duration,
    pub sale: Sale,
    /// Whether it plays for a token, in that house, rather than for SOL.
    pub for_token: bool,
    pub purchases: Vec<Purchase>,
    /// Base units a ticket.
    pub fee: u64,
    pub rounds: u8,
    pub winners: u8,
    /// Seconds between rounds.
    pub interval: u32,
    /// How long it sells (seconds).
    pub sells: i64,
    /// Tickets beyond those that are bought.
    pub spare: u32,
    keep_bps: [u16; 8],
}

/// What is to be planned.
#[derive(Clone, Copy, Debug)]
pub struct Season {
    pub seed: u64,
    pub games: usize,
    /// Of each house.
    pub players: usize,
    pub rounds: u8,
    /// Share of games that play for a token, from 0 to 1.
    pub token_share: f64,
    /// From the first creation to the last.
    pub length: Duration,
}

/// All games, in the order of their creation.
pub fn plans(season: &Season) -> Vec<Plan> {
    let mut rng = chance::sequence(season.seed, "games");
    let share = |nth: usize| {
        season
            .length
            .mul_f64(nth as f64 / season.games.max(1) as f64)
    };
    (0..season.games)
        .map(|nth| plan(season, share(nth), &mut rng))
        .collect()
}

fn plan(season: &Season, at: Duration, rng: &mut StdRng) -> Plan {
    let purchases = purchases(season.players, rng);
    let dice: f64 = rng.random();
    let sale = match dice {
        dice if dice < DOOMED => Sale::Doomed,
        dice if dice < DOOMED + BY_TIME => Sale::ClosesByTime,
        _ => Sale::SellsOut,
    };
    let mut keep_bps = [0; 8];
    let rated = usize::from(season.rounds.saturating_sub(1));
    for keep in keep_bps.iter_mut().take(rated) {
        *keep = rng.random_range(4_000..=8_000);
    }
    Plan {
        at,
        sale,
        for_token: rng.random_bool(season.token_share.clamp(0.0, 1.0)),
        purchases,
        fee: rng.random_range(1_000_000..=10_000_000),
        rounds: season.rounds,
        winners: rng.random_range(1..=3),
        interval: rng.random_range(2..=5),
        sells: rng.random_range(12..=24),
        spare: rng.random_range(1..=5),
        keep_bps,
    }
}

fn purchases(players: usize, rng: &mut StdRng) -> Vec<Purchase> {
    let mut who: Vec<usize> = (0..players).collect();
    let count = rng.random_range(3..=4).min(players);
    let (chosen, _) = who.partial_shuffle(rng, count);
    let mut purchases: Vec<Purchase> = Vec::with_capacity(count);
    for player in chosen.iter().copied() {
        let again = purchases
            .first()
            .copied()
            .filter(|_| rng.random_bool(SECOND_ENTRY));
        purchases.push(Purchase {
            player: again.map_or(player, |first| first.player),
            nonce: u16::try_from(purchases.len()).unwrap_or(u16::MAX),
            tickets: rng.random_range(2..=6),
        });
    }
    purchases
}

impl Plan {
    /// Tickets that are bought.
    pub fn tickets(&self) -> u32 {
        self.purchases.iter().map(|purchase| purchase.tickets).sum()
    }

    /// As the program takes it, for a creation at this time (unix seconds).
    pub fn params(&self, id: u64, now: i64) -> GameParams {
        let (tickets, winners) = (self.tickets(), u32::from(self.winners));
        let (min_tickets, max_tickets, sells) = match self.sale {
            Sale::SellsOut => (winners, tickets, PATIENCE),
            Sale::ClosesByTime => (winners, tickets + self.spare, self.sells),
            Sale::Doomed => (tickets + 1, tickets + self.spare, self.sells),
        };
        let mut place_bps = [0; MAX_PLACES];
        let places = PLACES.get(usize::from(self.winners).saturating_sub(1));
        for (place, bps) in place_bps
            .iter_mut()
            .zip(places.copied().unwrap_or_default())
        {
            *place = *bps;
        }
        GameParams {
            id,
            entry_fee: self.fee,
            opens_at: now - 60,
            closes_at: now + sells,
            min_tickets,
            max_tickets,
            max_tickets_per_entry: max_tickets,
            round_interval: self.interval,
            rounds: self.rounds,
            winners: self.winners,
            keep_bps: self.keep_bps,
            place_bps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn season() -> Season {
        Season {
            seed: 3,
            games: 500,
            players: 40,
            rounds: 5,
            token_share: 0.1,
            length: Duration::from_secs(1_000),
        }
    }

    #[test]
    fn the_program_takes_every_game() {
        for plan in plans(&season()) {
            let params = plan.params(0, 1_700_000_000);
            assert!(params.validate(1_700_000_000).is_ok(), "{params:?}");
        }
    }

    #[test]
    fn there_are_games_of_every_sort_and_no_entry_twice() {
        let plans = plans(&season());
        for sale in [Sale::SellsOut, Sale::ClosesByTime, Sale::Doomed] {
            assert!(plans.iter().any(|plan| plan.sale == sale), "{sale:?}");
        }
        for winners in 1..=3 {
            assert!(plans.iter().any(|plan| plan.winners == winners));
        }
        for plan in &plans {
            let mut entries: Vec<_> = plan
                .purchases
                .iter()
                .map(|it| (it.player, it.nonce))
                .collect();
            entries.sort_unstable();
            entries.dedup();
            assert_eq!(entries.len(), plan.purchases.len());
        }
    }

    #[test]
    fn shares_are_about_what_they_are_meant_to_be() {
        let mut counts = [0; 3];
        for seed in 0..20 {
            for plan in plans(&Season { seed, ..season() }) {
                counts[0] += usize::from(plan.sale == Sale::Doomed);
                counts[1] += usize::from(plan.sale == Sale::ClosesByTime);
                counts[2] += usize::from(plan.for_token);
            }
        }
        // Of 10,000 games; within five deviations.
        for (count, expected) in counts.into_iter().zip([500, 3_000, 1_000]) {
            assert!(usize::abs_diff(count, expected) < 240, "{counts:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_games() {
        let fees = |season| {
            plans(season)
                .iter()
                .map(|plan| plan.fee)
                .collect::<Vec<_>>()
        };
        assert_eq!(fees(&season()), fees(&season()));
    }
}
