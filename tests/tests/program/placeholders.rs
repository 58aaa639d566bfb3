//! Anchor's own clients put the program in the place of an optional account that is not
//! given. Houses that play for native SOL take a whole game of such calls.

use lottery_client::{
    address,
    instruction::{self as ix, Purchase},
};
use lottery_tests::{rules, world::World};
use solana_instruction::{AccountMeta, Instruction};
use solana_signer::Signer as _;

/// With placeholders from a position on, or at the end.
fn filled(mut instruction: Instruction, at: Option<usize>, count: usize) -> Instruction {
    let at = at.unwrap_or(instruction.accounts.len());
    let absent = AccountMeta::new_readonly(lottery::ID, false);
    let accounts = &mut instruction.accounts;
    accounts.splice(at..at, std::iter::repeat_n(absent, count));
    instruction
}

#[test]
fn the_program_stands_for_absent_token_accounts() {
    let mut world = World::without_house();
    let authority = world.authority.pubkey();
    let mut params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    rules::certain_hits(&mut params, 2);
    let create = ix::create_house(authority, 0, params, None);
    world.crank(filled(create, None, 6)).unwrap();
    world.house = address::house(&authority, 0);
    assert_eq!(world.house().mint, solana_pubkey::Pubkey::default());
    world.open_lane(lottery_tests::world::LANE).unwrap();
    let fund = ix::fund_jackpot(authority, world.house, 0, 1_000, None);
    world.crank(filled(fund, None, 4)).unwrap();

    let mut params = rules::game(0, world.now());
    (params.max_tickets, params.max_tickets_per_entry) = (2, 2);
    let create = ix::create_game(authority, world.house, params, None);
    world.crank(filled(create, None, 3)).unwrap();
    let game = address::game(&world.house, 0);
    let player = world.player();
    let purchase = Purchase {
        player: player.pubkey(),
        house: world.house,
        game,
        tickets: 2,
        nonce: 0,
        max_total: u64::MAX,
    };
    let join = filled(ix::join(&purchase, None), None, 4);
    world.send(&[join], &player, &[]).unwrap();

    let id = world.request(&[game]).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let settle = world.settle_ix(id, &[game]);
    // Before the game.
    let own = settle.accounts.len() - 1;
    world.crank(filled(settle, Some(own), 6)).unwrap();

    let (entry, ticket) = world.winner(&game, 0);
    let claim = world.claim_ix(&entry, ticket);
    world.crank(filled(claim, None, 4)).unwrap();
    for tier in 0..3 {
        let award = world.award_ix(&entry, tier);
        world.crank(filled(award, None, 4)).unwrap();
    }
    world.close_entry(&entry).unwrap();
    let close = ix::close_game(authority, game, authority, None);
    world.crank(filled(close, None, 4)).unwrap();
    assert!(world.is_gone(&game));

    let wallet = world.treasury_wallet.pubkey();
    world
        .svm
        .airdrop(&wallet, lottery_tests::world::SOL)
        .unwrap();
    let accrued = world.treasury().accrued;
    let withdraw = ix::withdraw_treasury(authority, world.house, wallet, accrued, None);
    world.crank(filled(withdraw, None, 4)).unwrap();
}
