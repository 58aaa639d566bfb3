use anchor_lang::prelude::*;

use crate::{
    events::{self, GameCancelled},
    games::cancel_game,
    state::{Draw, Game, GameStatus, Lane, MAX_DRAW_ATTEMPTS},
    tell::{self, Head, Writer},
    view::{
        add, close, event_accounts, load_mut, move_lamports, same, writable, Input, Outcome, Rent,
        Walk,
    },
    LotteryError,
};

/// Where the event's count of games is.
const COUNT: usize = size_of::<Head>() + 3 * 32;

#[inline(never)]
pub unsafe fn abort(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<128>::new(input, 6)? };
    accounts!(walk: cranker, draw_view, lane_view, draw_payer, authority, this);
    let games = unsafe { &*(walk.rest()? as *const [AccountView]) };
    walk.exclusive(0b110)?;
    writable(cranker)?;
    let draw: &mut Draw = load_mut(draw_view)?;
    writable(lane_view)?;
    demand!(
        same(lane_view.address(), &draw.lane),
        LotteryError::ForeignLane
    );
    writable(draw_payer)?;
    demand!(
        same(draw_payer.address(), &draw.payer),
        LotteryError::ForeignPayer
    );
    event_accounts(authority, this)?;
    let clock = Clock::get()?;
    let rent = Rent::get()?;
    if draw.state != Draw::ABORTED {
        demand!(draw.state != Draw::REVEALED, LotteryError::DrawRevealed);
        demand!(
            clock.slot > draw.timeout_slot,
            LotteryError::DrawNotTimedOut
        );
        let lane: &mut Lane = load_mut(lane_view)?;
        demand!(lane.current_draw() == Some(draw.id), LotteryError::LaneIdle);
        lane.state = Lane::IDLE;
        draw.state = Draw::ABORTED;
    }

    let mut event = Writer::new();
    event.push(Head::of::<events::DrawAborted>());
    event.push(draw.house);
    event.push(*draw_view.address());
    event.push(draw.oracle);
    event.push(0u32);
    let (mut released, mut bounties) = (0u32, 0);
    for view in games {
        let Ok(game) = load_mut::<Game>(*view) else {
            continue;
        };
        if !game.is(GameStatus::Drawing) || !same(&game.draw, draw_view.address()) {
            continue;
        }
        draw.settled = draw.settled.checked_add(1).ok_or(LotteryError::Overflow)?;
        game.draw = Address::default();
        game.next_round_at = clock.unix_timestamp;
        let bounty = game.bounty.min(draw.bounty);
        draw.bounty = draw.bounty.wrapping_sub(bounty);
        if bounty != 0 {
            rent.payable(cranker, bounty)?;
            move_lamports(draw_view, cranker, bounty)?;
        }
        bounties = add(bounties, bounty)?;
        released = released.wrapping_add(1);
        event.push(*view.address());
        if game.draw_attempts < MAX_DRAW_ATTEMPTS {
            game.set_status(if game.rounds_settled == 0 {
                GameStatus::Open
            } else {
                GameStatus::Playing
            });
            continue;
        }
        let owed = cancel_game(game, clock.unix_timestamp)?;
        let payee = (cranker.address(), bounty);
        let what = (GameCancelled::NO_ORACLE, owed);
        tell::game_cancelled(&authority, *view, game, what, payee);
    }
    demand!(released != 0, LotteryError::NoGames);
    event.set(COUNT, released);
    event.push(*cranker.address());
    event.push(bounties);
    event.send(&authority);
    if draw.is_done() {
        close(draw_view, draw_payer)?;
    }
    Ok(())
}
