use lottery_client::instruction as ix;
use solana_signer::Signer as _;

use super::{
    Cost,
    draws::{drawn, make_hits_certain},
    pair::Pair,
};
use crate::{rules, tokens::Currency, world::World};

pub fn settled() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let long = pair.world.settled(rules::five_rounds, &[10, 10, 10]);
    let (entry, ticket) = pair.world.winner(&long.game, 0);
    pair.crank("claim (5 rounds)", pair.world.claim_ix(&entry, ticket));

    let sold = pair.world.sell(rules::game, &[2]);
    make_hits_certain(&mut pair.world, &sold.game);
    pair.world.pass(3_600);
    pair.world.play(&sold.game, 1).unwrap();
    let (entry, ticket) = pair.world.winner(&sold.game, 0);
    pair.crank("claim (1 round)", pair.world.claim_ix(&entry, ticket));
    pair.crank("claim_jackpot", pair.world.award_ix(&entry, 0));
    pair.world.claim_award(&sold.game, 1).unwrap();
    pair.world.claim_award(&sold.game, 2).unwrap();
    pair.crank("close_entry", pair.world.close_entry_ix(&entry));
    let authority = pair.world.authority.pubkey();
    pair.crank(
        "close_game",
        ix::close_game(authority, sold.game, authority, None),
    );
    let accrued = pair.world.treasury().accrued;
    let wallet = pair.world.treasury_wallet.pubkey();
    let withdraw = ix::withdraw_treasury(authority, pair.world.house, wallet, accrued, None);
    pair.crank("withdraw_treasury", withdraw);
    pair.costs()
}

pub fn cancelled() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let sold = pair.world.sell(rules::game, &[1]);
    pair.world.pass(3_600);
    let authority = pair.world.authority.pubkey();
    pair.crank("cancel_game", ix::cancel_game(authority, sold.game));
    pair.crank("refund", pair.world.refund_ix(&sold.entries[0]));
    pair.costs()
}

pub fn expired() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let sold = pair.world.settled(rules::game, &[2]);
    let ends = pair.world.game(&sold.game).claims_end();
    pair.world.pass_until(ends);
    let (authority, house) = (pair.world.authority.pubkey(), pair.world.house);
    pair.crank(
        "expire_prizes",
        ix::expire_prizes(authority, house, sold.game, None),
    );
    pair.costs()
}

pub fn tokens() -> Vec<Cost> {
    let mut pair = Pair::new(World::in_currency(Currency::SplToken, |_| ()));
    let sold = pair.world.sell(rules::game, &[2]);
    pair.world.pass(3_600);
    let id = drawn(&mut pair.world, &[sold.game], 1);
    pair.crank(
        "settle_draw (1 game, last round, SPL Token)",
        pair.world.settle_ix(id, &[sold.game]),
    );
    let (entry, ticket) = pair.world.winner(&sold.game, 0);
    let claim = pair.world.claim_ix(&entry, ticket);
    pair.crank("claim (1 round, SPL Token)", claim);

    let cancelled = pair.world.cancelled(&[1]);
    pair.crank(
        "refund (SPL Token)",
        pair.world.refund_ix(&cancelled.entries[0]),
    );
    pair.costs()
}
