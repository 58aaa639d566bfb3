//! What must hold in every state, read from the chain alone. The numbers are those of
//! `docs/invariants.md`.

use std::collections::BTreeMap;

use lottery::{
    draw::{first_entries_hash, next_entries_hash},
    math,
    money::Holder,
    state::{self, GameStatus},
};
use solana_account::ReadableAccount as _;
use solana_pubkey::Pubkey;

use super::{
    compare::Difference,
    stage::{self, Stage},
    state::Model,
    tokens,
};

/// What was seen of a game before, to compare its next state with.
#[derive(Clone, Copy)]
struct Seen {
    game: state::Game,
}

/// Checks invariants after each step.
#[derive(Default)]
pub struct Watch {
    lamports: u128,
    tokens: u128,
    games: BTreeMap<Pubkey, Seen>,
    pots: [(u64, u64, u64); 3],
}

fn require(holds: bool, what: impl FnOnce() -> String) -> Result<(), Difference> {
    if holds { Ok(()) } else { Err(what()) }
}

impl Watch {
    /// Notes what there is at the beginning.
    pub fn new(stage: &Stage, model: &Model) -> Self {
        Self {
            lamports: lamports(stage, model),
            tokens: all_tokens(stage, model),
            ..Self::default()
        }
    }

    /// Every invariant holds. The model says which accounts there are, nothing else.
    pub fn check(&mut self, stage: &Stage, model: &Model) -> Result<(), Difference> {
        let now = lamports(stage, model);
        require(now == self.lamports, || {
            format!("I1: {now} lamports in all, were {}", self.lamports)
        })?;
        let tokens = all_tokens(stage, model);
        require(tokens == self.tokens, || {
            format!("I2: {tokens} tokens in all, were {}", self.tokens)
        })?;
        self.check_house(stage, model)?;
        for (index, game) in model.games.iter().enumerate() {
            if game.gone {
                continue;
            }
            let state: state::Game = stage.get(&game.address)?;
            check_game(stage, &game.address, &state)
                .and_then(|()| check_entries(stage, model, index, &state))
                .and_then(|()| self.check_steps(&game.address, &state))
                .map_err(|difference| format!("game {index}: {difference}"))?;
        }
        check_draws(stage, model)
    }

    fn check_house(&mut self, stage: &Stage, model: &Model) -> Result<(), Difference> {
        let Ok(treasury) = stage.get::<state::Treasury>(&model.cast.treasury) else {
            return Ok(());
        };
        covers(stage, &model.cast.treasury, &treasury)?;
        let sum = u128::from(treasury.accrued) + u128::from(treasury.total_withdrawn);
        require(sum == u128::from(treasury.total_accrued), || {
            "I5: treasury: accrued and withdrawn are not what it ever accrued".into()
        })?;
        for (tier, key) in model.cast.jackpots.iter().enumerate() {
            let jackpot: state::Jackpot = stage.get(key)?;
            covers(stage, key, &jackpot)?;
            let sum = u128::from(jackpot.amount) + u128::from(jackpot.total_won);
            require(sum == u128::from(jackpot.total_contributions), || {
                format!("I4: jackpot {tier}: amount and won are not what was paid in")
            })?;
            let (contributions, won, hits) = self.pots[tier];
            let grows = jackpot.total_contributions >= contributions
                && jackpot.total_won >= won
                && jackpot.hits >= hits;
            require(grows, || format!("I4: jackpot {tier}: a total shrank"))?;
            self.pots[tier] = (jackpot.total_contributions, jackpot.total_won, jackpot.hits);
        }
        Ok(())
    }

    /// What a step may do to a game.
    fn check_steps(&mut self, key: &Pubkey, game: &state::Game) -> Result<(), Difference> {
        let seen = self.games.insert(*key, Seen { game: *game });
        let Some(Seen { game: was }) = seen else {
            return Ok(());
        };
        let (Some(from), Some(to)) = (was.status(), game.status()) else {
            return Err("I7: status bits that nothing writes".into());
        };
        use GameStatus as S;
        let step = from == to
            || matches!(
                (from, to),
                (S::Open, S::Drawing | S::Cancelled)
                    | (S::Drawing, S::Open | S::Playing | S::Settled | S::Cancelled)
                    | (S::Playing, S::Drawing | S::Settled | S::Cancelled)
            );
        require(step, || format!("I7: from {from:?} to {to:?}"))?;
        let settled = usize::from(was.rounds_settled);
        let keeps = was.seeds() == &game.round_seeds[..settled]
            && game.rounds_settled >= was.rounds_settled
            && game.entries_closed >= was.entries_closed
            && was.places_paid & !game.places_paid == 0
            && was.awards_paid & !game.awards_paid == 0
            && was.paid_out <= game.paid_out
            && was.refunded <= game.refunded
            && was.expired <= game.expired
            && (!was.has(state::Game::FLAG_PAID) || game.has(state::Game::FLAG_PAID));
        require(keeps, || "I7: something that is done was undone".into())?;
        let frozen = from != S::Open || was.draw_attempts > 0;
        require(!frozen || same_entries(&was, game), || {
            "I8: an entry was made after the first draw was requested".into()
        })?;
        require(same_rules(&was, game), || "I9: a rule changed".into())
    }
}

fn same_entries(was: &state::Game, game: &state::Game) -> bool {
    was.tickets == game.tickets && was.entries_hash == game.entries_hash
}

fn same_rules(was: &state::Game, game: &state::Game) -> bool {
    was.house == game.house
        && was.creator == game.creator
        && was.entry_fee == game.entry_fee
        && was.opens_at == game.opens_at
        && was.closes_at == game.closes_at
        && was.min_tickets == game.min_tickets
        && was.max_tickets == game.max_tickets
        && was.rounds == game.rounds
        && was.winners == game.winners
        && was.keep_bps == game.keep_bps
        && was.place_bps == game.place_bps
        && was.prize_bps == game.prize_bps
        && was.treasury_bps == game.treasury_bps
        && was.jackpot_bps == game.jackpot_bps
        && was.jackpot_mean == game.jackpot_mean
        && was.reserve_bps == game.reserve_bps
        && was.bounty == game.bounty
        && was.claim_window == game.claim_window
}

fn lamports(stage: &Stage, model: &Model) -> u128 {
    let held = model.ledger.known.iter().map(|key| {
        let account = stage::account(&stage.svm, key);
        account.map_or(0, |account| u128::from(account.lamports()))
    });
    held.sum::<u128>() + u128::from(model.ledger.fees)
}

fn all_tokens(stage: &Stage, model: &Model) -> u128 {
    model
        .ledger
        .tokens
        .keys()
        .filter_map(|key| stage::account(&stage.svm, key))
        .map(|account| u128::from(tokens::read(account.data()).0))
        .sum()
}

/// I3: what a holder has covers what it owes.
fn covers(stage: &Stage, key: &Pubkey, holder: &impl Holder) -> Result<(), Difference> {
    let lamports = stage::account(&stage.svm, key).map_or(0, |account| account.lamports());
    let unreadable = |_| format!("I3: {key} owes more than can be counted");
    let reserved = u128::from(holder.lamports_reserved().map_err(unreadable)?);
    let owed = u128::from(holder.owed().map_err(unreadable)?);
    let lamports = u128::from(lamports);
    let covered = if *holder.vault() == Pubkey::default() {
        lamports >= reserved + owed
    } else {
        let vault = stage::account(&stage.svm, holder.vault());
        let tokens = vault.map_or(0, |vault| tokens::read(vault.data()).0);
        lamports >= reserved && u128::from(tokens) >= owed
    };
    require(covered, || format!("I3: {key} holds less than it owes"))
}

fn check_game(stage: &Stage, key: &Pubkey, game: &state::Game) -> Result<(), Difference> {
    covers(stage, key, game)?;
    let owed = game.owed().map_err(|_| "I10: more was paid than owed")?;
    let ended = matches!(
        game.status(),
        Some(GameStatus::Settled | GameStatus::Cancelled)
    );
    let paid = game.has(state::Game::FLAG_PAID);
    require(paid == (ended && owed == 0), || {
        "I10: the flag of a paid game does not tell whether anything is owed".into()
    })?;
    if game.is(GameStatus::Settled) {
        let shares = u128::from(game.treasury_share)
            + game
                .jackpot_contributions
                .iter()
                .map(|share| u128::from(*share))
                .sum::<u128>();
        let all = shares + u128::from(game.prize_pool) == u128::from(game.gross());
        require(all, || "I11: the shares are not all of the takings".into())?;
        let places = 0..usize::from(game.winners);
        let prizes: u128 = places
            .map(|place| u128::from(math::place_prize(game.prize_pool, &game.place_bps, place)))
            .sum();
        require(prizes == u128::from(game.prize_pool), || {
            "I11: the prizes are not all of the pool".into()
        })?;
        require(game.refunded == 0, || "I10: settled and refunded".into())?;
    } else {
        require(game.paid_out == 0 && game.expired == 0, || {
            "I10: prizes were paid of a game that is not settled".into()
        })?;
    }
    Ok(())
}

/// I6: the entries that are open, and those that were closed, share out the tickets.
fn check_entries(
    stage: &Stage,
    model: &Model,
    index: usize,
    game: &state::Game,
) -> Result<(), Difference> {
    let mut next = 0;
    let mut count = 0;
    let mut refunded = 0;
    let mut hash = first_entries_hash(&model.games[index].address);
    for ours in model.entries.iter().filter(|entry| entry.game == index) {
        let (first, tickets) = if ours.gone {
            (ours.first_ticket, ours.tickets)
        } else {
            let entry: state::Entry = stage.get(&ours.address)?;
            let price = game.entry_fee * u64::from(entry.tickets);
            require(entry.paid == price, || {
                format!(
                    "I6: an entry of {} tickets paid {}",
                    entry.tickets, entry.paid
                )
            })?;
            (entry.first_ticket, entry.tickets)
        };
        if ours.refunded {
            refunded += game.entry_fee * u64::from(tickets);
        }
        require(first == next, || {
            format!("I6: an entry begins with ticket {first}, not {next}")
        })?;
        hash = next_entries_hash(&hash, &ours.player, ours.nonce, first, tickets);
        next += tickets;
        count += 1;
    }
    require(next == game.tickets && count == game.entries, || {
        "I6: the entries are not all tickets".into()
    })?;
    require(refunded == game.refunded, || {
        "I6: the refunds are not those of the entries".into()
    })?;
    require(hash == game.entries_hash, || "I6: the entries' hash".into())
}

/// I12: a game that is being drawn is in one draw, a draw's games are in it, and a lane
/// waits for its pending draw.
fn check_draws(stage: &Stage, model: &Model) -> Result<(), Difference> {
    let mut bound: BTreeMap<Pubkey, u16> = BTreeMap::new();
    for game in model.games.iter().filter(|game| !game.gone) {
        let game: state::Game = stage.get(&game.address)?;
        let drawing = game.is(GameStatus::Drawing);
        require(drawing == (game.draw != Pubkey::default()), || {
            "I12: a game is in a draw unless it is being drawn".into()
        })?;
        if drawing {
            *bound.entry(game.draw).or_default() += 1;
        }
    }
    for draw in model.draws.iter().filter(|draw| !draw.gone) {
        let state: state::Draw = stage.get(&draw.address)?;
        let left = bound.remove(&draw.address).unwrap_or(0);
        require(left == state.games - state.settled && left > 0, || {
            "I12: a draw's games are not those that wait for it".into()
        })?;
        let lane = model.lanes[draw.lane].address;
        let waits = stage
            .get::<state::Lane>(&lane)
            .is_ok_and(|lane| lane.current_draw() == Some(state.id));
        let pending = state.state == state::Draw::PENDING;
        require(waits == pending, || {
            "I12: a lane waits for a draw that is not pending, or does not for one that is".into()
        })?;
    }
    require(bound.is_empty(), || "I12: a game is in no draw".into())
}
