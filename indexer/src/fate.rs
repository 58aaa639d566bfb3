//! What becomes of all of a game's tickets at once.
//!
//! The chain follows one ticket (`lottery::draw::fate`). For all of them the
//! same shuffle is far cheaper done together: within a shuffle round the pivot is
//! one hash for everybody, and one hash serves 256 positions. A test holds this
//! equal to the chain's function.

mod shuffle;

use lottery::{
    draw::{MAX_ROUNDS, round_size},
    math::place_prize,
    state::{MAX_PLACES, TIERS},
};

use shuffle::shuffle;

/// The rules and outcome of a game, as far as fates depend on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    pub tickets: u32,
    pub rounds: u8,
    pub winners: u8,
    pub keep_bps: [u16; MAX_ROUNDS],
    /// Seeds of the settled rounds.
    pub seeds: Vec<[u8; 32]>,
    /// Whether the money is divided: only then there are prizes and awards. A game whose
    /// vault is frozen has all its rounds and waits for that.
    pub settled: bool,
    /// Known once settled (base units).
    pub prize_pool: u64,
    pub place_bps: [u16; MAX_PLACES],
    pub jackpot_awards: [u64; TIERS],
    pub jackpot_tickets: [u32; TIERS],
}

/// Tickets `first .. first + count` of one purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tickets {
    pub first: u32,
    pub count: u32,
}

/// What became of one purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryFate {
    /// Round its last ticket went out in; `None` while one is in.
    pub eliminated_round: Option<u8>,
    /// Best place, once settled.
    pub place: Option<u8>,
    /// Prizes of all its winning tickets, once settled (base units).
    pub prize: Option<u64>,
    /// Award per tier, once settled (base units).
    pub jackpot_awards: Option<[u64; TIERS]>,
}

/// A settled round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    pub round: u8,
    pub tickets: u32,
    pub survivors: u32,
    pub seed: [u8; 32],
}

/// What became of the whole game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub rounds: Vec<Round>,
    /// Per ticket, the round it went out in.
    eliminated: Vec<Option<u8>>,
    /// Per place, its ticket; empty until the game is settled.
    pub winning_tickets: Vec<u32>,
}

/// A game whose rules contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FateError {
    #[error("a round would leave {survivors} of {tickets} tickets")]
    Grows { tickets: u32, survivors: u32 },
    #[error("more seeds than rounds")]
    Rounds,
    /// Anybody may make such a game, at a lamport a ticket.
    #[error("{0} tickets are more than are followed one by one")]
    TooLarge(u32),
}

/// Most tickets of a game whose fates are computed: some ten bytes of memory each.
pub const MAX_TICKETS: u32 = 10_000_000;

fn index(ticket: u32) -> usize {
    usize::try_from(ticket).unwrap_or(usize::MAX)
}

/// Plays the settled rounds for all tickets. Takes a few milliseconds per round
/// for ten thousand tickets: not for a thread that serves others.
///
/// # Errors
/// When the rules contradict each other, which the program does not allow.
pub fn play(game: &Played) -> Result<Outcome, FateError> {
    if game.seeds.len() > usize::from(game.rounds) {
        return Err(FateError::Rounds);
    }
    if game.tickets > MAX_TICKETS && !game.seeds.is_empty() {
        return Err(FateError::TooLarge(game.tickets));
    }
    // Of a game that was not drawn, nothing is to be followed.
    let is_drawn = !game.seeds.is_empty();
    let in_play = if is_drawn || game.tickets <= MAX_TICKETS {
        game.tickets
    } else {
        0
    };
    let mut alive: Vec<u32> = (0..in_play).collect();
    let mut positions = alive.clone();
    let mut eliminated = vec![None; alive.len()];
    let mut rounds = Vec::with_capacity(game.seeds.len());
    let mut n = game.tickets;
    for (round, seed) in (0u8..).zip(&game.seeds) {
        let survivors = round_size(n, round, game.rounds, game.winners, &game.keep_bps);
        if survivors > n {
            return Err(FateError::Grows {
                tickets: n,
                survivors,
            });
        }
        shuffle(seed, n, &mut positions);
        let mut still = Vec::with_capacity(index(survivors));
        let mut at = Vec::with_capacity(index(survivors));
        for (ticket, position) in alive.iter().zip(&positions) {
            if *position < survivors {
                still.push(*ticket);
                at.push(*position);
            } else if let Some(fate) = eliminated.get_mut(index(*ticket)) {
                *fate = Some(round);
            }
        }
        rounds.push(Round {
            round,
            tickets: n,
            survivors,
            seed: *seed,
        });
        (alive, positions, n) = (still, at, survivors);
    }
    let mut winning_tickets = Vec::new();
    if game.settled && game.seeds.len() == usize::from(game.rounds) {
        let mut places: Vec<(u32, u32)> = positions.into_iter().zip(alive).collect();
        places.sort_unstable();
        winning_tickets = places.into_iter().map(|(_, ticket)| ticket).collect();
    }
    Ok(Outcome {
        rounds,
        eliminated,
        winning_tickets,
    })
}

impl Outcome {
    /// What became of one purchase of this game.
    pub fn entry(&self, game: &Played, tickets: Tickets) -> EntryFate {
        let range = index(tickets.first)..index(tickets.first.saturating_add(tickets.count));
        let fates = self.eliminated.get(range).unwrap_or_default();
        let eliminated_round = fates
            .iter()
            .copied()
            .collect::<Option<Vec<u8>>>()
            .and_then(|rounds| rounds.into_iter().max());
        let settled = !self.winning_tickets.is_empty();
        let won: Vec<u8> = (0u8..)
            .zip(&self.winning_tickets)
            .filter(|(_, ticket)| holds(tickets, **ticket))
            .map(|(place, _)| place)
            .collect();
        let prize = won
            .iter()
            .fold(0u64, |sum, place| sum.saturating_add(prize(game, *place)));
        let mut awards = game.jackpot_awards;
        for (award, ticket) in awards.iter_mut().zip(game.jackpot_tickets) {
            if !holds(tickets, ticket) {
                *award = 0;
            }
        }
        EntryFate {
            eliminated_round,
            place: won.first().copied(),
            prize: settled.then_some(prize),
            jackpot_awards: settled.then_some(awards),
        }
    }
}

/// Whether the purchase has the ticket.
pub fn holds(tickets: Tickets, ticket: u32) -> bool {
    ticket
        .checked_sub(tickets.first)
        .is_some_and(|offset| offset < tickets.count)
}

/// Prize of a place (base units).
pub fn prize(game: &Played, place: u8) -> u64 {
    place_prize(game.prize_pool, &game.place_bps, usize::from(place))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use lottery::draw::{Fate, Rules, fate};

    use super::{shuffle::sha256, *};

    fn game(tickets: u32, rounds: u8, winners: u8, keep: u16, salt: u8) -> Played {
        let mut keep_bps = [0; MAX_ROUNDS];
        keep_bps[..usize::from(rounds) - 1].fill(keep);
        let mut place_bps = [0; MAX_PLACES];
        place_bps[..usize::from(winners)].fill(10_000 / u16::from(winners));
        place_bps[0] += 10_000 % u16::from(winners);
        Played {
            tickets,
            rounds,
            winners,
            keep_bps,
            seeds: (0..rounds).map(|r| sha256(&[salt, r])).collect(),
            settled: true,
            prize_pool: 1_000_003,
            place_bps,
            jackpot_awards: [0, 7, 0],
            jackpot_tickets: [0, tickets - 1, 0],
        }
    }

    /// Every ticket, one by one, by the chain's own function.
    #[test]
    fn all_at_once_equals_one_by_one() {
        let cases = [
            game(1, 1, 1, 10_000, 0),
            game(2, 1, 1, 10_000, 1),
            game(3, 3, 2, 5_000, 2),
            game(255, 4, 10, 6_000, 3),
            game(256, 5, 3, 5_000, 4),
            game(257, 8, 32, 9_000, 5),
            game(600, 2, 1, 1, 6),
        ];
        for mut played in cases {
            let all_seeds = played.seeds.clone();
            for settled in 0..=all_seeds.len() {
                played.seeds = all_seeds[..settled].to_vec();
                let outcome = play(&played).unwrap();
                let rules = Rules {
                    tickets: played.tickets,
                    rounds: played.rounds,
                    winners: played.winners,
                    keep_bps: &played.keep_bps,
                };
                for ticket in 0..played.tickets {
                    match fate(&rules, &played.seeds, ticket) {
                        Fate::Eliminated(round) => {
                            assert_eq!(outcome.eliminated[index(ticket)], Some(round));
                        }
                        Fate::Alive(place) => {
                            assert_eq!(outcome.eliminated[index(ticket)], None);
                            if settled == all_seeds.len() {
                                assert_eq!(outcome.winning_tickets[index(place)], ticket);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Entries cut in pieces of 1 to 9 tickets, against a fold over their tickets.
    #[test]
    fn an_entry_is_out_with_its_last_ticket_and_wins_the_sum() {
        let played = game(500, 4, 20, 5_000, 9);
        let outcome = play(&played).unwrap();
        let (mut first, mut paid, mut awarded) = (0, 0, 0);
        for size in (1..=9).cycle() {
            let tickets = Tickets {
                first,
                count: size.min(played.tickets - first),
            };
            if tickets.count == 0 {
                break;
            }
            let fate = outcome.entry(&played, tickets);
            let mut rounds = Vec::new();
            let mut places = Vec::new();
            for ticket in first..first + tickets.count {
                match outcome.winning_tickets.iter().position(|t| *t == ticket) {
                    Some(place) => places.push(u8::try_from(place).unwrap()),
                    None => rounds.push(outcome.eliminated[index(ticket)].unwrap()),
                }
            }
            assert_eq!(fate.place, places.iter().min().copied());
            let last = rounds.iter().max().copied().filter(|_| places.is_empty());
            assert_eq!(fate.eliminated_round, last);
            let prizes: u64 = places.iter().map(|p| prize(&played, *p)).sum();
            assert_eq!(fate.prize, Some(prizes));
            paid += prizes;
            awarded += fate.jackpot_awards.unwrap()[1];
            first += tickets.count;
        }
        assert_eq!((paid, awarded), (played.prize_pool, 7));
    }

    /// All rounds are drawn, the money is not divided: who is out is known, prizes are not.
    #[test]
    fn a_game_that_waits_for_its_settlement_has_no_winners_yet() {
        let mut played = game(50, 2, 3, 5_000, 4);
        let settled = play(&played).unwrap();
        played.settled = false;
        let outcome = play(&played).unwrap();
        assert_eq!(outcome.eliminated, settled.eliminated);
        assert!(outcome.winning_tickets.is_empty());
        let winner = settled.winning_tickets[0];
        let fate = outcome.entry(
            &played,
            Tickets {
                first: winner,
                count: 1,
            },
        );
        assert_eq!(
            (
                fate.eliminated_round,
                fate.place,
                fate.prize,
                fate.jackpot_awards
            ),
            (None, None, None, None)
        );
    }

    #[test]
    fn rules_that_no_game_can_have_are_refused() {
        let mut played = game(5, 2, 2, 5_000, 1);
        played.winners = 9;
        assert!(matches!(play(&played), Err(FateError::Grows { .. })));
        played.seeds.push([0; 32]);
        assert!(matches!(play(&played), Err(FateError::Rounds)));
    }

    #[test]
    fn a_game_of_too_many_tickets_takes_no_memory() {
        let mut played = game(3, 2, 1, 5_000, 1);
        played.tickets = u32::MAX;
        assert_eq!(play(&played), Err(FateError::TooLarge(u32::MAX)));
        // Before its first round nothing is to be followed.
        played.seeds.clear();
        let outcome = play(&played).unwrap();
        let tickets = Tickets { first: 9, count: 1 };
        assert_eq!(outcome.entry(&played, tickets).eliminated_round, None);
    }
}
