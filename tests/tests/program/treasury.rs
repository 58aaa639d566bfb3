//! The treasury's share: accrued at settlement, paid to its wallet alone.

use lottery::{
    LotteryError,
    events::{EVENT_VERSION, TreasuryWithdrawn},
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    events::{Event, event},
    payouts::Done,
    rules,
    world::{SOL, World, assert_refused, replaced},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// A house whose treasury accrued 4 % of 20 tickets; its wallet exists.
fn accrued() -> (World, u64) {
    let mut world = World::new();
    world.settled(rules::game, &[10, 10]);
    let wallet = world.treasury_wallet.pubkey();
    world.svm.airdrop(&wallet, SOL).unwrap();
    let accrued = world.treasury().accrued;
    assert_eq!(accrued, 20 * rules::FEE * 400 / 10_000);
    (world, accrued)
}

fn withdraw(world: &mut World, amount: u64) -> Done {
    let (authority, house) = (world.authority.pubkey(), world.house);
    let wallet = world.house().treasury_wallet;
    world.crank(ix::withdraw_treasury(
        authority, house, wallet, amount, None,
    ))
}

#[test]
fn a_part_and_then_the_rest_is_withdrawn_to_the_lamport() {
    let (mut world, accrued) = accrued();
    let wallet = world.treasury_wallet.pubkey();
    let address = address::treasury(&world.house);
    let before = world.lamports(&wallet);
    let meta = withdraw(&mut world, 1).unwrap();
    let told = Event::TreasuryWithdrawn(TreasuryWithdrawn {
        version: EVENT_VERSION,
        house: world.house,
        wallet,
        amount: 1,
        accrued: accrued - 1,
        total_withdrawn: 1,
    });
    assert_eq!(event(&meta), told);
    assert_eq!(world.lamports(&wallet), before + 1);
    withdraw(&mut world, accrued - 1).unwrap();
    let treasury = world.treasury();
    assert_eq!((treasury.accrued, treasury.total_withdrawn), (0, accrued));
    assert_eq!(treasury.total_accrued, accrued);
    assert_eq!(world.lamports(&wallet), before + accrued);
    assert_eq!(world.lamports(&address), treasury.rent_reserve);
}

#[test]
fn no_more_than_was_accrued_and_never_nothing_is_withdrawn() {
    let (mut world, accrued) = accrued();
    let address = address::treasury(&world.house);
    // A donation is no accrual.
    world.svm.airdrop(&address, SOL).unwrap();
    for amount in [accrued + 1, u64::MAX] {
        assert_refused(withdraw(&mut world, amount), LotteryError::AboveAccrued);
    }
    assert_refused(withdraw(&mut world, 0), LotteryError::AmountZero);
    withdraw(&mut world, accrued).unwrap();
    assert_refused(withdraw(&mut world, 1), LotteryError::AboveAccrued);
    assert_refused(withdraw(&mut world, 0), LotteryError::AmountZero);
    assert_eq!(
        world.lamports(&address),
        world.treasury().rent_reserve + SOL
    );
}

#[test]
fn the_money_goes_to_the_treasury_wallet_only() {
    let (mut world, accrued) = accrued();
    let wallet = world.treasury_wallet.pubkey();
    let (authority, house) = (world.authority.pubkey(), world.house);
    let withdraw = ix::withdraw_treasury(authority, house, wallet, accrued, None);
    for elsewhere in [authority, Pubkey::new_unique(), address::treasury(&house)] {
        let mut changed = replaced(&withdraw, &wallet, elsewhere);
        changed.accounts[3].is_writable = true;
        assert!(world.crank(changed).is_err(), "{elsewhere}");
    }
    let stranger = world.player().pubkey();
    assert_refused(
        world.crank(replaced(&withdraw, &wallet, stranger)),
        LotteryError::ForeignTreasuryWallet,
    );
    world.crank(withdraw).unwrap();
}

#[test]
fn a_new_treasury_wallet_gets_what_was_accrued_before_and_the_old_one_nothing() {
    let (mut world, accrued) = accrued();
    let (old, new) = (world.treasury_wallet.pubkey(), world.player().pubkey());
    let (authority, house) = (world.authority.pubkey(), world.house);
    let mut rules = rules::house(new, world.queue).rules;
    rules.treasury_wallet = new;
    world
        .crank(ix::update_house(authority, house, rules))
        .unwrap();
    assert_refused(
        world.crank(ix::withdraw_treasury(authority, house, old, 1, None)),
        LotteryError::ForeignTreasuryWallet,
    );
    let before = world.lamports(&new);
    withdraw(&mut world, accrued).unwrap();
    assert_eq!(world.lamports(&new), before + accrued);
}

#[test]
fn the_authority_may_be_the_treasury_wallet_itself() {
    let mut world = World::with_house(|params| {
        params.rules.treasury_wallet = solana_keypair::Keypair::new_from_array([101; 32]).pubkey();
    });
    let authority = world.authority.pubkey();
    assert_eq!(world.house().treasury_wallet, authority);
    world.settled(rules::game, &[10]);
    let accrued = world.treasury().accrued;
    let before = world.lamports(&authority);
    withdraw(&mut world, accrued).unwrap();
    assert_eq!(world.lamports(&authority), before + accrued - 5_000);
}

#[test]
fn a_withdrawal_that_would_leave_dust_is_refused_by_name() {
    let mut world = World::new();
    world.settled(rules::game, &[100; 2]);
    let dust = world.rent(0) - 1;
    assert!(world.treasury().accrued > dust);
    assert_refused(
        withdraw(&mut world, dust),
        LotteryError::PayoutBelowRentExemption,
    );
    withdraw(&mut world, dust + 1).unwrap();
    assert_eq!(world.lamports(&world.treasury_wallet.pubkey()), dust + 1);
}

#[test]
fn a_wallet_that_became_a_program_is_paid_nothing() {
    let (mut world, accrued) = accrued();
    let program = world.account(&lottery::ID);
    let wallet = world.treasury_wallet.pubkey();
    world.svm.set_account(wallet, program).unwrap();
    assert_refused(withdraw(&mut world, accrued), LotteryError::PayoutToProgram);
}

#[test]
fn a_treasury_that_holds_less_than_it_owes_pays_nothing() {
    let (mut world, _) = accrued();
    let address = address::treasury(&world.house);
    world.corrupt(&address, |account| account.lamports -= 1);
    assert_refused(withdraw(&mut world, 1), LotteryError::Insolvent);
}
