//! Requests, reveals, settlements and aborts of random stories.

use super::{nth, picky};
use crate::model::{
    action::{Answer, What},
    cast::{NO_ORACLE, ORACLES},
    op::{Kind, Op},
    state::{Game, Model, Stage, Status},
};

/// A step of a draw.
pub fn what(op: &Op, model: &Model) -> Option<What> {
    if op.kind == Kind::Request {
        let due = |game: &Game| {
            let ready = match game.status {
                Status::Open => {
                    game.sales_ended(model.now) && game.tickets >= game.params.min_tickets
                }
                Status::Playing => !game.rounds_done() && model.now >= game.next_round_at,
                _ => false,
            };
            ready && !game.gone
        };
        let all = (0..model.games.len()).filter(|game| due(&model.games[*game]));
        let mut games: Vec<_> = all.take(4).collect();
        if games.is_empty() || !picky(op) {
            games.extend(op.pick(model, |_| true));
            games.reverse();
        }
        let lanes = model.lanes.iter();
        let idle = lanes.filter(|lane| !lane.gone && lane.waits_for.is_none());
        let idle: Vec<_> = idle.map(|lane| lane.index).collect();
        return Some(What::Request {
            lane: nth(&idle, op.a).filter(|_| picky(op)).unwrap_or(op.a % 4),
            oracle: usize::from(op.c) % if picky(op) { ORACLES } else { NO_ORACLE + 1 },
            games,
        });
    }
    let stage = if op.kind == Kind::Settle {
        Stage::Revealed
    } else {
        Stage::Pending
    };
    let draw = op.pick_draw(model, stage)?;
    let state = &model.draws[draw];
    let games = match op.c % 5 {
        0 => state.games.iter().rev().copied().collect(),
        1 => {
            let skipped = usize::from(op.a % 2);
            state.games.iter().skip(skipped).take(1).copied().collect()
        }
        2 => (0..model.games.len().min(6)).collect(),
        3 if !picky(op) => Vec::new(),
        _ => state.games.clone(),
    };
    Some(match op.kind {
        Kind::Reveal => What::Reveal {
            draw,
            oracle: if picky(op) {
                state.oracle
            } else {
                usize::from(op.c) % ORACLES
            },
            answer: match op.c % 9 {
                0 => Answer::OtherValue,
                1 => Answer::OtherOracle,
                _ => Answer::Right,
            },
            value: [op.b; 32],
        },
        Kind::Settle => What::Settle { draw, games },
        _ => What::Abort { draw, games },
    })
}
