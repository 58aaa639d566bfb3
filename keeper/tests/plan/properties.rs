use std::collections::{BTreeMap, BTreeSet};

use lottery_client::lottery::state::GameStatus;
use lottery_keeper::{
    actions::{Action, Key},
    plan::{plan, plan_around},
    state::ChainState,
};
use proptest::prelude::*;
use solana_pubkey::Pubkey;

use crate::{
    model::Model,
    world::{build, mute, settings, world},
};

/// Keys of what can be done only once, to see whether two actions collide.
pub fn collisions(actions: &[Action]) -> usize {
    let keys: Vec<Key> = actions.iter().flat_map(Action::keys).collect();
    keys.len() - keys.iter().collect::<BTreeSet<_>>().len()
}

/// Games that some action is about.
pub fn acted_on(actions: &[Action]) -> BTreeSet<Pubkey> {
    let mut games = BTreeSet::new();
    for action in actions {
        match action {
            Action::RequestDraw(request) => {
                games.extend(request.games.iter().map(|game| game.address));
            }
            Action::SettleDraw(settle) => games.extend(settle.games().map(|game| game.address)),
            Action::CancelGame(cancel) => drop(games.insert(cancel.game.address)),
            Action::Claim(claim) => drop(games.insert(claim.game.address)),
            Action::ClaimJackpot(claim) => drop(games.insert(claim.game.address)),
            Action::Refund(refund) => drop(games.insert(refund.game.address)),
            Action::AbortDraw(abort) => games.extend(abort.games().map(|game| game.address)),
            Action::SettleGame(settle) => drop(games.insert(settle.game.address)),
            Action::ExpirePrizes(expire) => drop(games.insert(expire.game.address)),
            Action::CloseGame(close) => drop(games.insert(close.game.address)),
            Action::CloseEntry(close) => drop(games.insert(close.game)),
            Action::RevealDraw(reveal) => games.extend(reveal.games().map(|game| game.address)),
            Action::OpenLane(_) => {}
        }
    }
    games
}

/// Draw index of each game before its settlement, by draw.
fn bound_order(state: &ChainState) -> BTreeMap<Pubkey, Vec<Pubkey>> {
    let mut bound: BTreeMap<Pubkey, Vec<(u16, Pubkey)>> = BTreeMap::new();
    for (address, game) in &state.games {
        if game.is(GameStatus::Drawing) {
            let games = bound.entry(game.draw).or_default();
            games.push((game.draw_index, *address));
        }
    }
    let sorted = bound.into_iter().map(|(draw, mut games)| {
        games.sort_unstable();
        (draw, games.into_iter().map(|(_, game)| game).collect())
    });
    sorted.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// From any state on, whoever executes plan after plan is never refused, and at the
    /// end every game is paid or refunded, and closed if that is wanted.
    #[test]
    fn plans_are_accepted_explain_everything_and_finish(world in world()) {
        let settings = settings(&world);
        let mut state = build(&world);
        let mute = mute(&world);
        let frozen = state.games.keys().take(2).copied().collect();
        // Now and then nothing happens for longer than a game may stay overdue, or a
        // prize unclaimed.
        for step in 0..500u32 {
            let planned = plan(&state, &settings);
            prop_assert_eq!(&planned, &plan(&state.clone(), &settings));
            prop_assert_eq!(collisions(&planned.actions), 0);

            let acted = acted_on(&planned.actions);
            let waiting: BTreeSet<Pubkey> =
                planned.waiting.iter().map(|waiting| waiting.game.address).collect();
            for game in state.games.keys() {
                prop_assert!(acted.contains(game) != waiting.contains(game), "{game} {planned:?}");
            }
            let order = bound_order(&state);
            for action in &planned.actions {
                let settlement = match action {
                    Action::SettleDraw(settle) => Some(settle),
                    Action::RevealDraw(reveal) => {
                        prop_assert!(reveal.games_at_once().len() <= world.capacity.2);
                        reveal.settlement.as_ref()
                    }
                    _ => None,
                };
                if let Some(settle) = settlement {
                    let games: Vec<Pubkey> = settle.games().map(|game| game.address).collect();
                    prop_assert_eq!(&games, &order[&settle.draw]);
                    let most = world.capacity.1.max(world.capacity.2);
                    prop_assert!(settle.chunks.iter().all(|chunk| chunk.len() <= most));
                }
                if let Action::RequestDraw(request) = action {
                    prop_assert!(request.games.len() <= world.capacity.0);
                }
            }
            // What goes into batches comes last.
            let first_push = planned.actions.iter().position(|action| action.push().is_some());
            let pushes = planned.actions.iter().skip(first_push.unwrap_or(usize::MAX));
            prop_assert!(pushes.clone().all(|action| action.push().is_some()));
            for action in &planned.actions {
                let mut model = Model { state: &mut state, mute: &mute, frozen: &frozen };
                let answer = model.act(action);
                prop_assert_eq!(answer, Ok(()), "step {}: {}", step, action);
            }
            state.slot += 1;
            state.now += if step % 100 == 99 { 400_000 } else { 5 };
        }
        for game in state.games.values() {
            prop_assert!(
                game.is(GameStatus::Cancelled) && !world.push_refunds,
                "game {} is left: {:?}", game.id, plan(&state, &settings)
            );
        }
        prop_assert!(state.orphans.is_empty());
        prop_assert!(state.draws.is_empty());
    }

    /// What is in hand is left alone, and nothing else is lost by it.
    #[test]
    fn nothing_in_hand_is_planned_again(world in world(), picks: Vec<prop::sample::Index>) {
        let settings = settings(&world);
        let mut state = build(&world);
        let (mute, frozen) = (mute(&world), BTreeSet::new());
        for _ in 0..6 {
            let planned = plan(&state, &settings);
            if planned.actions.is_empty() {
                break;
            }
            let in_hand: BTreeSet<Key> = picks
                .iter()
                .flat_map(|pick| planned.actions[pick.index(planned.actions.len())].keys())
                .collect();
            let around = plan_around(&state, &settings, &in_hand);
            for action in &around.actions {
                prop_assert!(!in_hand.contains(&action.main_key()), "{}", action);
            }
            for action in &around.actions {
                let mut model = Model { state: &mut state, mute: &mute, frozen: &frozen };
                prop_assert_eq!(model.act(action), Ok(()), "{}", action);
            }
            state.slot += 1;
            state.now += 20;
        }
    }
}
