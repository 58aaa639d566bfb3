use lottery_client::{address, instruction as ix};
use solana_keypair::Keypair;
use solana_signer::Signer as _;

use super::{Cost, pair::Pair};
use crate::{
    rules,
    world::{SOL, World},
};

/// Everything that an authority does.
pub fn native() -> Vec<Cost> {
    let mut pair = Pair::new(World::without_house());
    let authority = pair.world.authority.pubkey();
    let params = rules::house(pair.world.treasury_wallet.pubkey(), pair.world.queue);
    let house = address::house(&authority, 0);
    pair.world.house = house;
    pair.crank("create_house", ix::create_house(authority, 0, params, None));
    pair.crank(
        "update_house",
        ix::update_house(authority, house, params.rules),
    );
    pair.crank("set_pause", ix::set_pause(authority, house, true, true));
    let successor = Keypair::new_from_array([106; 32]);
    pair.world.svm.airdrop(&successor.pubkey(), SOL).unwrap();
    pair.crank(
        "propose_authority",
        ix::propose_authority(authority, house, successor.pubkey()),
    );
    pair.send(
        "accept_authority",
        ix::accept_authority(successor.pubkey(), house),
        &successor,
    );
    pair.crank(
        "fund_jackpot",
        ix::fund_jackpot(authority, house, 0, SOL, None),
    );
    pair.costs()
}

pub fn lanes() -> Vec<Cost> {
    const INDEX: u8 = 1;
    let mut pair = Pair::with_house(|_| ());
    let (authority, house) = (pair.world.authority.pubkey(), pair.world.house);
    let slot = pair.world.slot() - 1;
    pair.crank(
        "open_lane",
        ix::open_lane(authority, house, pair.world.queue, INDEX, slot),
    );
    let randomness = address::randomness(&address::lane(&house, INDEX));
    let data = pair.world.account(&randomness).data;
    let lut_slot = lottery::switchboard::lut_slot(&data).unwrap();
    pair.crank(
        "close_lane",
        ix::close_lane(authority, house, INDEX, lut_slot),
    );
    pair.costs()
}
