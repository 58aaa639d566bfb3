//! What players may add to their own Token-2022 accounts.

use lottery::LotteryError;
use lottery_client::instruction::{self as ix, Batch, Purchase};
use lottery_tests::{
    payouts::Sold,
    refusal::{assert_fails, assert_refused},
    rules::FEE,
    tokens::{Currency, PLAYER_TOKENS, TOKEN_2022},
    world::World,
};
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use spl_token_2022_interface::{
    error::TokenError,
    extension::{ExtensionType, cpi_guard, memo_transfer},
    instruction as token_ix,
};

use crate::{
    batches::codes,
    common::{swap, ten_tickets, world_of_hits},
};

/// What Token-2022 answers when a guarded account is to pay in a call.
const CPI_GUARDED: InstructionError =
    InstructionError::Custom(TokenError::CpiGuardTransferBlocked as u32);

/// Adds an extension to a wallet's associated token account and switches it on.
fn extend(world: &mut World, owner: &Keypair, extension: ExtensionType, enable: Instruction) {
    let account = world.tokens_of(&owner.pubkey());
    let payer = world.authority.pubkey();
    let room = token_ix::reallocate(
        &TOKEN_2022,
        &account,
        &payer,
        &owner.pubkey(),
        &[],
        &[extension],
    );
    world.token_send(room.unwrap(), owner).unwrap();
    world.token_send(enable, owner).unwrap();
}

fn require_memos(world: &mut World, owner: &Keypair) -> Pubkey {
    let account = world.tokens_of(&owner.pubkey());
    let enable = memo_transfer::instruction::enable_required_transfer_memos(
        &TOKEN_2022,
        &account,
        &owner.pubkey(),
        &[],
    );
    extend(world, owner, ExtensionType::MemoTransfer, enable.unwrap());
    account
}

fn allow_no_memos(world: &mut World, owner: &Keypair) {
    let account = world.tokens_of(&owner.pubkey());
    let disable = memo_transfer::instruction::disable_required_transfer_memos(
        &TOKEN_2022,
        &account,
        &owner.pubkey(),
        &[],
    );
    world.token_send(disable.unwrap(), owner).unwrap();
}

fn guard(world: &mut World, owner: &Keypair) {
    let account = world.tokens_of(&owner.pubkey());
    let enable =
        cpi_guard::instruction::enable_cpi_guard(&TOKEN_2022, &account, &owner.pubkey(), &[]);
    extend(world, owner, ExtensionType::CpiGuard, enable.unwrap());
}

/// Three players, each with a refund to come; the second wants memos.
fn three_refunds() -> (World, Sold, Pubkey) {
    let mut world = World::in_currency(Currency::Token2022, |_| ());
    let sold = world.cancelled(&[1, 2, 3]);
    let account = require_memos(&mut world, &sold.players[1]);
    (world, sold, account)
}

#[test]
fn memos_hold_up_nobody_else() {
    let (mut world, sold, account) = three_refunds();
    let refund = world.refund(&sold.entries[1]);
    assert_refused(refund, LotteryError::TokenAccountNeedsMemo);
    assert_eq!(world.entry(&sold.entries[1]).refunded, 0);
    for other in [0, 2] {
        world.refund(&sold.entries[other]).unwrap();
    }
    // The extension alone does not matter.
    allow_no_memos(&mut world, &sold.players[1]);
    world.refund(&sold.entries[1]).unwrap();
    assert_eq!(world.tokens_in(&account), PLAYER_TOKENS);
}

#[test]
fn memos_in_a_batch() {
    let (mut world, sold, account) = three_refunds();
    let mut batch = Batch::new(world.authority.pubkey());
    for entry in &sold.entries {
        batch.refund(world.entry_keys(entry)).unwrap();
    }
    let done = world.crank(batch.build(false)).unwrap();
    let left_out = LotteryError::TokenAccountNeedsMemo.code();
    assert_eq!(codes(&done), [0, left_out, 0]);
    assert_eq!(world.game(&sold.game).refunded, 4 * FEE);
    assert_eq!(world.tokens_in(&account), PLAYER_TOKENS - 2 * FEE);

    // The player signs for another account of theirs.
    let player = &sold.players[1];
    let other = world.another_account(&player.pubkey(), 61);
    let refund = ix::refund(player.pubkey(), world.entry_keys(&sold.entries[1]));
    let refund = swap(&refund, &account, &other);
    world.send(&[refund], player, &[]).unwrap();
    assert_eq!(world.tokens_in(&other), 2 * FEE);
}

#[test]
fn memos_of_winners_and_of_the_treasury() {
    let mut world = world_of_hits(Currency::Token2022);
    let sold = world.sell(ten_tickets, &[10]);
    require_memos(&mut world, &sold.players[0]);
    world.play(&sold.game, 1).unwrap();
    let claim = world.claim_place(&sold.game, 0);
    assert_refused(claim, LotteryError::TokenAccountNeedsMemo);
    let award = world.claim_award(&sold.game, 2);
    assert_refused(award, LotteryError::TokenAccountNeedsMemo);

    let wallet = world.treasury_wallet.insecure_clone();
    require_memos(&mut world, &wallet);
    let authority = world.authority.pubkey();
    let withdraw = ix::withdraw_treasury(authority, world.house, wallet.pubkey(), 1, world.token);
    let refusal = world.crank(withdraw);
    assert_refused(refusal, LotteryError::TokenAccountNeedsMemo);

    allow_no_memos(&mut world, &sold.players[0]);
    world.claim_place(&sold.game, 0).unwrap();
    world.claim_award(&sold.game, 2).unwrap();
}

/// An account that wants memos pays like any other.
#[test]
fn memos_do_not_matter_to_who_buys() {
    let mut world = world_of_hits(Currency::Token2022);
    let game = world.create_game(ten_tickets).unwrap();
    let player = world.player();
    require_memos(&mut world, &player);
    world.join(&game, &player, 1).unwrap();
}

/// A guarded account is paid like any other. It cannot buy: the program would be the
/// one to move its tokens, which is what the guard is against.
#[test]
fn cpi_guard() {
    let mut world = World::in_currency(Currency::Token2022, |_| ());
    let sold = world.cancelled(&[1, 2]);
    let player = &sold.players[0];
    guard(&mut world, player);
    let game = world.create_game(ten_tickets).unwrap();
    assert_fails(world.join(&game, player, 1), &CPI_GUARDED);
    assert_eq!(world.game(&game).tickets, 0);
    let purchase = Purchase {
        player: player.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: FEE,
    };
    let mut batch = Batch::new(player.pubkey());
    batch.join(&purchase, world.token).unwrap();
    let joined = world.send(&[batch.build(false)], player, &[]);
    assert_fails(joined, &CPI_GUARDED);
    for entry in &sold.entries {
        world.refund(entry).unwrap();
    }
    assert_eq!(world.money_of(&player.pubkey()), PLAYER_TOKENS);
}
