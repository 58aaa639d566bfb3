//! A story from its beginning to its end, by nothing but plans.

use std::collections::{BTreeMap, BTreeSet};

use lottery::{LotteryError, state::GameStatus};
use lottery_client::{address, refusal, sender::Format};
use lottery_keeper::{
    actions::{Action, Key},
    error::{ActionError, Verdict},
    mirror::Mirror,
    pack::next_batch,
    plan::{
        Plan,
        bounties::{Rent, Till},
        plan_around,
    },
    state::{ChainState, OracleResult, OracleSeen},
};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use super::{
    coverage::Coverage,
    crank::Outcome,
    look::{Chain, look_again},
    scene::Scene,
    story::Story,
};

/// Steps during which things happen.
const LIFE: usize = 40;

/// Steps after which a story should have ended.
const END: usize = 1_500;

/// What failed: how often in a row, and until which step it is left alone.
type Pauses = BTreeMap<Key, (u32, usize)>;

/// Longest pause of what is refused (steps).
const LONGEST_PAUSE: usize = 64;

/// How a plan is carried out.
#[derive(Clone, Copy)]
struct Turn {
    step: usize,
    /// Time has passed since the keeper looked.
    is_behind: bool,
    /// Somebody does some of it first.
    has_rival: bool,
}

/// Plays a story. Panics where the keeper and the program do not agree.
pub fn play(scene: &Scene, seed: u64, number: u64) -> Coverage {
    let mut story = Story::new(scene, seed, number);
    let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        play_out(&mut story);
    }));
    if let Err(panic) = played {
        for line in &story.trace {
            eprintln!("{line}");
        }
        eprintln!("story {number} of seed {seed}");
        std::panic::resume_unwind(panic);
    }
    story.coverage.note("(story)");
    story.coverage
}

fn play_out(story: &mut Story) {
    let mut mirror = Mirror::new(None, true);
    let mut pauses = Pauses::new();
    for step in 0..END {
        if step < LIFE {
            for _ in 0..story.chance.below(4) {
                story.happen();
            }
        } else if step == LIFE {
            story.calm_down();
            pauses.clear();
        }
        let waiting = pauses.iter().filter(|(_, (_, until))| *until > step);
        let in_hand: BTreeSet<Key> = waiting.map(|(key, _)| *key).collect();
        let chain = Chain::read(&story.world, &story.tokens);
        chain.scan(&story.world, &mut mirror);
        let planned = plan_around(mirror.state(), &story.settings, &in_hand);
        check_plan(story, &chain, mirror.state(), &in_hand, &planned);
        if step > LIFE && is_over(story, mirror.state(), &chain) {
            return;
        }
        let is_behind = story.chance.one_in(4);
        if is_behind {
            let (slot, now) = (story.world.slot() + 1, story.world.now() + 1);
            story.world.set_clock(slot, now);
        }
        let turn = Turn {
            step,
            is_behind,
            has_rival: step < LIFE && story.chance.one_in(4),
        };
        let done = carry_out(story, &mut mirror, &planned, &mut pauses, turn);
        pass_time(story, &mirror, &planned, done, step);
    }
    panic!("the story does not end: {:#?}", mirror.state().games);
}

/// The same view of the chain gives the same plan, however it came about; every game is
/// acted on or waits; no two actions collide.
fn check_plan(
    story: &Story,
    chain: &Chain,
    state: &ChainState,
    in_hand: &BTreeSet<Key>,
    planned: &Plan,
) {
    let mut fresh = chain.fresh(&story.world).state().clone();
    fresh.records = state.records.clone();
    let again = plan_around(&fresh, &story.settings, in_hand);
    assert_eq!(*planned, again, "planned again");
    let keys: Vec<Key> = planned.actions.iter().flat_map(Action::keys).collect();
    let distinct: BTreeSet<&Key> = keys.iter().collect();
    assert_eq!(keys.len(), distinct.len(), "actions collide: {planned:?}");
    for address in state.games.keys() {
        let waits = planned
            .waiting
            .iter()
            .any(|game| game.game.address == *address);
        let acted = planned
            .actions
            .iter()
            .any(|action| action.touched().contains(address));
        assert!(waits != acted, "{address}: {planned:?}");
    }
}

/// Carries a plan out, in an order of its own; whether anything was done.
fn carry_out(
    story: &mut Story,
    mirror: &mut Mirror,
    planned: &Plan,
    pauses: &mut Pauses,
    turn: Turn,
) -> bool {
    let state = mirror.state().clone();
    let rent = Rent {
        lamports_per_byte: story.world.rent(1) - story.world.rent(0),
    };
    let mut till = Till::new(&state, rent);
    let payer = story.cranker.pubkey();
    let mut actions = planned.actions.iter().cloned().peekable();
    let mut jobs = Vec::new();
    while let Some(action) = actions.peek() {
        if action.push().is_some() {
            jobs.push(next_batch(&mut actions, &payer, &Format::Legacy));
        } else {
            jobs.extend(actions.next().map(|action| vec![action]));
        }
    }
    // They run at the same time, so in any order.
    story.chance.shuffle(&mut jobs);
    let mut done = false;
    story.note_broke();
    for job in jobs {
        let is_late = turn.has_rival && story.chance.one_in(3);
        if is_late {
            story.forestall(&job);
        }
        let touched: Vec<Pubkey> = job.iter().flat_map(Action::touched).collect();
        let outcomes = match <[Action; 1]>::try_from(job) {
            Ok([action]) if action.push().is_none() => {
                let outcome = story.act(&action, &mut till);
                note_oracle(story, mirror, &action, &outcome);
                vec![(action, outcome)]
            }
            Ok([action]) => story.push(vec![action], &mut till),
            Err(job) => story.push(job, &mut till),
        };
        look_again(&story.world, mirror, &touched);
        for (action, outcome) in outcomes {
            story.note(format!("{action}: {outcome:?}"));
            let pause = match outcome {
                Outcome::Done => {
                    done = true;
                    pauses.remove(&action.main_key());
                    continue;
                }
                Outcome::NoAnswer => 2,
                Outcome::Refused(error) if is_late && is_lost_race(&error) => 1,
                Outcome::Refused(error) => {
                    assert!(
                        is_explained(story, &action, &error, turn.is_behind),
                        "refused: {action}: {error} {:?}",
                        lottery_error(&error)
                    );
                    let reason = lottery_error(&error);
                    let reason = reason.map_or(format!("{error:?}"), |error| format!("{error:?}"));
                    story.coverage.note(format!("refused: {reason}"));
                    let times = pauses
                        .get(&action.main_key())
                        .map_or(0, |(times, _)| *times);
                    let longest = if turn.step < LIFE { 6 } else { LONGEST_PAUSE };
                    (1 << times.min(10)).min(longest)
                }
            };
            let failure = pauses.entry(action.main_key()).or_default();
            *failure = (failure.0 + 1, turn.step + pause);
        }
    }
    done
}

fn note_oracle(story: &Story, mirror: &mut Mirror, action: &Action, outcome: &Outcome) {
    let (oracle, draw, result) = match (action, outcome) {
        (Action::RevealDraw(reveal), Outcome::NoAnswer) => {
            (reveal.oracle, reveal.draw, OracleResult::Failed)
        }
        (Action::RevealDraw(reveal), Outcome::Done) => {
            let latency = std::time::Duration::from_millis(100);
            (reveal.oracle, reveal.draw, OracleResult::Answered(latency))
        }
        (Action::AbortDraw(abort), Outcome::Done)
            if abort
                .last_chance
                .as_ref()
                .is_none_or(|reveal| !story.answers(reveal)) =>
        {
            (abort.oracle, abort.draw, OracleResult::Aborted)
        }
        _ => return,
    };
    mirror.note_oracle(&OracleSeen {
        oracle,
        draw,
        result,
    });
}

/// Nothing is done: time goes on to when something will be.
fn pass_time(story: &mut Story, mirror: &Mirror, planned: &Plan, done: bool, step: usize) {
    // The next look may come in the same slot.
    if done && story.chance.one_in(4) {
        return;
    }
    if done || step < LIFE && story.chance.one_in(2) {
        let (slot, now) = (story.world.slot() + 1, story.world.now());
        story
            .world
            .set_clock(slot, now + i64::from(story.chance.one_in(2)));
        story.tell_oracles();
        return;
    }
    let now = story.world.now();
    let due = planned.next_due().map_or(60, |due| due.saturating_sub(now));
    // Draws that nobody answers time out in slots.
    let waits = mirror.state().draws.values();
    let waits = waits.map(|draw| draw.timeout_slot.saturating_sub(story.world.slot()));
    let timeout = waits
        .min()
        .map_or(i64::MAX, |slots| i64::try_from(slots / 2 + 1).unwrap());
    let seconds = due.clamp(1, 100_000).min(timeout);
    // While things happen, they happen before.
    let seconds = if step < LIFE {
        seconds.min(600)
    } else {
        seconds
    };
    story.pass(seconds);
}

/// Whether the chain's state, as the keeper knows it, could not show that the program
/// would refuse this.
fn is_explained(story: &Story, action: &Action, error: &InstructionError, is_behind: bool) -> bool {
    let player = player(action);
    let wallet = player.map(|(wallet, _)| wallet);
    let account = player.and_then(|(wallet, token)| Some(token?.associated(&wallet)));
    match lottery_error(error) {
        Some(LotteryError::PayoutToProgram) => {
            wallet.is_some_and(|wallet| story.is_program(&wallet))
        }
        // A larger payment of the same batch does not count yet.
        Some(LotteryError::PayoutBelowRentExemption) => {
            wallet.is_some_and(|wallet| story.broke.contains(&wallet))
        }
        Some(LotteryError::TokenAccountFrozen) => {
            account.is_some_and(|account| story.is_frozen(&account))
        }
        // The keeper is told not to create it, or somebody sent lamports there.
        Some(LotteryError::TokenAccount) => {
            account.is_some_and(|account| story.world.is_gone(&account)) && !story.creates_accounts
        }
        Some(LotteryError::VaultFrozen) => vaults(story, action)
            .iter()
            .any(|vault| story.is_frozen(vault)),
        // The claim window ended since the keeper looked at the clock.
        Some(LotteryError::ClaimsEnded) => is_behind,
        Some(_) => false,
        None => false,
    }
}

/// Who is paid, and in which token.
fn player(action: &Action) -> Option<(Pubkey, Option<lottery_client::instruction::Token>)> {
    Some(match action {
        Action::Claim(claim) => (claim.player, claim.token),
        Action::ClaimJackpot(claim) => (claim.player, claim.token),
        Action::Refund(refund) => (refund.player, refund.token),
        Action::CloseEntry(close) => (close.player, None),
        Action::CloseGame(close) => (close.creator, close.token),
        _ => return None,
    })
}

/// Vaults that money would leave or go to.
fn vaults(story: &Story, action: &Action) -> Vec<Pubkey> {
    let (house, game) = match action {
        Action::Claim(claim) => (None, claim.game),
        Action::ClaimJackpot(claim) => (None, claim.game),
        Action::Refund(refund) => (None, refund.game),
        Action::CloseGame(close) => (None, close.game),
        Action::SettleGame(settle) => (Some(settle.house), settle.game),
        Action::ExpirePrizes(expire) => (Some(expire.house), expire.game),
        _ => return Vec::new(),
    };
    let houses = story.houses.iter();
    let house = houses.filter(|known| Some(known.address) == house);
    let holders = house.flat_map(super::story::House::holders);
    let holders = holders.chain([game.address]);
    holders.map(|holder| address::vault(&holder)).collect()
}

/// Whether the keeper takes a refusal for somebody else's having been faster.
fn is_lost_race(error: &InstructionError) -> bool {
    let code = match error {
        InstructionError::Custom(code) => *code,
        builtin => (1..100)
            .find(|code| InstructionError::from(u64::from(*code) << 32) == *builtin)
            .expect("a builtin error that a program can return"),
    };
    // The System program's, of an account that exists already; as a code it says "done".
    if code == 0 {
        return true;
    }
    let refusals = refusal::results(&code.to_le_bytes(), 1).unwrap();
    let refusal = refusals.into_iter().flatten().next().unwrap();
    ActionError::Refused(refusal).verdict() == Verdict::LostRace
}

fn lottery_error(error: &InstructionError) -> Option<LotteryError> {
    match error {
        InstructionError::Custom(code) => LotteryError::from_code(*code),
        _ => None,
    }
}

/// Whether every game is paid and gone, or waits for a refund that cannot be made, and
/// no entry is left but of wallets that cannot be paid.
fn is_over(story: &mut Story, state: &ChainState, chain: &Chain) -> bool {
    let mut stuck = 0;
    for (address, game) in &state.games {
        let entries = state.entries(address);
        let left: Vec<Pubkey> = entries
            .iter()
            .flat_map(|entries| entries.iter())
            .map(|(_, entry)| entry.player)
            .collect();
        if !game.is(GameStatus::Cancelled)
            || left.is_empty()
            || !left.iter().all(|player| story.is_program(player))
        {
            return false;
        }
        stuck += left.len();
    }
    for orphan in state.orphans.values() {
        if !story.is_program(&orphan.player) {
            return false;
        }
        stuck += 1;
    }
    if !state.draws.is_empty() {
        return false;
    }
    assert_eq!(chain.entries(), stuck, "entries that nobody knows of");
    if stuck > 0 {
        story
            .coverage
            .note("(ended with wallets that cannot be paid)");
    }
    true
}
