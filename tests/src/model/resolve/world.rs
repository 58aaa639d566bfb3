//! Gifts, freezes and the passing of time in random stories.

use lottery_client::address;
use solana_pubkey::Pubkey;

use super::nth;
use crate::model::{
    action::{Action, What},
    cast::ACTORS,
    op::{Kind, Op},
    plan::wait_until,
    state::{Model, Status},
};

/// What needs tokens.
pub fn token_step(op: &Op, model: &Model) -> Option<What> {
    model.cast.token?;
    let accounts: Vec<_> = model.ledger.tokens.keys().copied().collect();
    let frozen = accounts.iter().filter(|one| model.ledger.is_frozen(one));
    let frozen: Vec<_> = frozen.copied().collect();
    Some(match op.kind {
        Kind::DonateTokens => What::DonateTokens {
            to: nth(&accounts, op.c)?,
            amount: u64::from(op.b) * 1_000,
        },
        Kind::Freeze => What::Freeze {
            // Most often where it hurts.
            account: if op.b.is_multiple_of(3) {
                nth(&accounts, op.c)?
            } else {
                let cast = &model.cast;
                let house = [cast.treasury, cast.jackpots[2]].map(|holder| cast.vault(&holder));
                let games = model.games.iter().filter(|game| !game.gone);
                let vaults = games.map(|game| game.vault).chain(house);
                nth(&vaults.flatten().collect::<Vec<_>>(), op.c)?
            },
        },
        Kind::Thaw => What::Thaw {
            account: nth(&frozen, op.c).or_else(|| nth(&accounts, op.c))?,
        },
        _ => What::CreateAssociated {
            wallet: model.cast.treasury_wallet,
        },
    })
}

/// Anything that exists, or will.
pub fn donee(op: &Op, model: &Model) -> Pubkey {
    let cast = &model.cast;
    let mut donees = vec![cast.house, cast.treasury, cast.treasury_wallet];
    donees.extend(cast.jackpots);
    donees.extend((0..ACTORS).map(|actor| cast.actor(actor)));
    let next_game = address::game(&cast.house, model.games.len() as u64);
    donees.push(next_game);
    donees.extend(cast.vault(&next_game));
    donees.extend(model.games.iter().map(|game| game.address));
    donees.extend(model.games.iter().filter_map(|game| game.vault));
    donees.extend(model.entries.iter().map(|entry| entry.address));
    donees.extend(model.draws.iter().map(|draw| draw.address));
    for lane in model.lanes.iter().filter(|lane| !lane.gone) {
        donees.extend([lane.address, lane.randomness]);
        donees.push(address::draw(&lane.address, lane.next_draw));
    }
    for game in model.games.iter().rev().take(2) {
        donees.push(address::entry(&game.address, &cast.actor(1), 0));
    }
    nth(&donees, op.c).unwrap_or(cast.house)
}

pub fn gift(op: &Op, model: &Model) -> u64 {
    let all = model
        .ledger
        .lamports(&model.cast.actor(usize::from(op.who)));
    let gifts = [1, 890_880, 2_000_000, 10_000_000, 1_000_000_000, all];
    let pick = gifts[usize::from(op.a) % gifts.len()];
    if pick == all && op.b > 15 {
        return 3_000_000;
    }
    pick
}

/// Time passes, most often to a moment at which something begins or ends, or to the
/// second before or after it.
pub fn jump(op: &Op, model: &Model) -> Action {
    let mut moments = Vec::new();
    for game in model.games.iter().filter(|game| !game.gone) {
        moments.push(game.params.opens_at);
        match game.status {
            Status::Open => moments.extend([game.params.closes_at, game.overdue_at()]),
            Status::Playing => moments.extend([game.next_round_at, game.overdue_at()]),
            Status::Settled | Status::Cancelled => moments.push(game.claims_end()),
            Status::Drawing => {}
        }
    }
    moments.retain(|moment| *moment > model.now);
    moments.sort_unstable();
    let timeouts: Vec<_> = model
        .draws
        .iter()
        .filter(|draw| !draw.gone && draw.timeout_slot >= model.slot)
        .map(|draw| draw.timeout_slot)
        .collect();
    if op.c.is_multiple_of(4)
        && let Some(slot) = nth(&timeouts, op.a)
    {
        return Action::Wait {
            slot: (slot + u64::from(op.b % 2)).max(model.slot),
            now: model.now,
        };
    }
    // The nearest moments are the most interesting.
    let near = moments.len().min(3);
    let Some(moment) = nth(&moments[..near], op.a) else {
        return wait_until(model, model.now + 60);
    };
    wait_until(model, moment + [0, 0, -1, 1][usize::from(op.b % 4)])
}
