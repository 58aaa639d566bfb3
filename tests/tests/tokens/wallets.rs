//! Which token account of a player pays, and is paid.

use lottery::LotteryError;
use lottery_client::instruction::{self as ix, Purchase};
use lottery_tests::{
    payouts::Sold,
    refusal::assert_refused,
    rules::FEE,
    tokens::{Currency, MintRules, PLAYER_TOKENS, SPL_TOKEN},
    world::{Refusal, World},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use spl_token_2022_interface::instruction::{self as token_ix, AuthorityType};

use crate::common::{swap, ten_tickets, won, world_of_hits};

for_each_token! {
    only_the_associated_account_is_paid
    the_player_may_choose
    somebody_elses_account
    account_of_another_mint
    account_that_is_none
    account_of_a_program
    account_with_a_delegate
    a_delegate_cannot_buy
    closed_account
    awards_and_refunds_alike
    treasury_and_creator_alike
    insufficient_tokens
    insufficient_lamports
}

/// A settled game, and the winner's entry, ticket and keys.
struct Winner {
    world: World,
    sold: Sold,
    entry: Pubkey,
    ticket: u32,
    player: Keypair,
    /// Their associated token account.
    account: Pubkey,
}

const PRIZE: u64 = 90_000_000;

impl Winner {
    fn new(currency: Currency) -> Self {
        let mut world = world_of_hits(currency);
        let sold = won(&mut world);
        let (entry, ticket) = world.winner(&sold.game, 0);
        let key = world.entry(&entry).player;
        let mut players = sold.players.iter();
        let player = players.find(|player| player.pubkey() == key).unwrap();
        Self {
            player: player.insecure_clone(),
            account: world.tokens_of(&key),
            world,
            sold,
            entry,
            ticket,
        }
    }

    /// The claim of the prize, into this account.
    fn claim_into(&self, account: &Pubkey) -> Instruction {
        let claim = self.world.claim_ix(&self.entry, self.ticket);
        swap(&claim, &self.account, account)
    }

    /// The same, cranked by the player.
    fn own_claim_into(&mut self, account: &Pubkey) -> Result<(), Refusal> {
        let claim = ix::claim(
            self.player.pubkey(),
            self.world.entry_keys(&self.entry),
            self.ticket,
        );
        let claim = swap(&claim, &self.account, account);
        self.world.send(&[claim], &self.player, &[]).map(drop)
    }
}

fn only_the_associated_account_is_paid(currency: Currency) {
    let mut winner = Winner::new(currency);
    let other = winner.world.another_account(&winner.player.pubkey(), 61);
    let refusal = winner.world.crank(winner.claim_into(&other));
    assert_refused(refusal, LotteryError::TokenAccountNotAssociated);
    let before = winner.world.tokens_in(&winner.account);
    winner
        .world
        .crank(winner.claim_into(&winner.account))
        .unwrap();
    assert_eq!(winner.world.tokens_in(&winner.account), before + PRIZE);
    assert_eq!(winner.world.tokens_in(&other), 0);
}

/// The signature is what counts, not who cranks.
fn the_player_may_choose(currency: Currency) {
    let mut winner = Winner::new(currency);
    let other = winner.world.another_account(&winner.player.pubkey(), 61);
    winner.own_claim_into(&other).unwrap();
    assert_eq!(winner.world.tokens_in(&other), PRIZE);

    let mut winner = Winner::new(currency);
    let other = winner.world.another_account(&winner.player.pubkey(), 61);
    let mut claim = winner.claim_into(&other);
    for meta in &mut claim.accounts {
        meta.is_signer |= meta.pubkey == winner.player.pubkey();
    }
    let authority = winner.world.authority.insecure_clone();
    winner
        .world
        .send(&[claim], &authority, &[&winner.player])
        .unwrap();
    assert_eq!(winner.world.tokens_in(&other), PRIZE);
}

fn somebody_elses_account(currency: Currency) {
    let mut winner = Winner::new(currency);
    let authority = winner.world.authority.pubkey();
    for owner in [authority, winner.sold.game] {
        let other = winner.world.give_tokens(&owner, 1);
        let refusal = winner.world.crank(winner.claim_into(&other));
        assert_refused(refusal, LotteryError::TokenAccount);
        // Not even if the player asks for it.
        let refusal = winner.own_claim_into(&other);
        assert_refused(refusal, LotteryError::TokenAccount);
    }
}

fn account_of_another_mint(currency: Currency) {
    let mut winner = Winner::new(currency);
    let mut rules = MintRules::plain(winner.world.token().program);
    rules.seed = 202;
    let token = winner.world.create_mint(&rules).unwrap();
    let player = winner.player.pubkey();
    let other = winner.world.account_of(token, &player, 62);
    let refusal = winner.own_claim_into(&other);
    assert_refused(refusal, LotteryError::TokenAccount);
}

/// Wallets, mints, accounts of programs, nothing, and a token account that somebody
/// else's program wrote.
fn account_that_is_none(currency: Currency) {
    let mut winner = Winner::new(currency);
    let fake = Pubkey::new_from_array([63; 32]);
    let mut forged = winner.world.account(&winner.account);
    forged.owner = randomness_stand_in::ID;
    winner.world.svm.set_account(fake, forged).unwrap();
    let nothing = Pubkey::new_from_array([64; 32]);
    let mut rules = MintRules::plain(winner.world.token().program);
    rules.seed = 202;
    let mint = winner.world.create_mint(&rules).unwrap().mint;
    let queue = winner.world.queue;
    for other in [fake, nothing, mint, queue] {
        let refusal = winner.own_claim_into(&other);
        assert_refused(refusal, LotteryError::TokenAccount);
    }
}

/// The player's wallet became a program; the token account is still good.
fn account_of_a_program(currency: Currency) {
    let winner = Winner::new(currency);
    let claim = winner.claim_into(&winner.account);
    let mut world = winner.world;
    let program = world.account(&lottery::ID);
    let player = winner.player.pubkey();
    world.svm.set_account(player, program).unwrap();
    assert_refused(world.crank(claim), LotteryError::PayoutToProgram);
}

/// What a delegate may take is the owner's affair.
fn account_with_a_delegate(currency: Currency) {
    let mut winner = Winner::new(currency);
    let program = winner.world.token().program;
    let delegate = winner.world.authority.pubkey();
    let player = winner.player.insecure_clone();
    let approve = token_ix::approve(
        &program,
        &winner.account,
        &delegate,
        &player.pubkey(),
        &[],
        u64::MAX,
    );
    winner.world.token_send(approve.unwrap(), &player).unwrap();
    winner
        .world
        .crank(winner.claim_into(&winner.account))
        .unwrap();
    let paid = winner.world.tokens_in(&winner.account);
    assert!(paid >= PRIZE);
}

fn a_delegate_cannot_buy(currency: Currency) {
    let mut world = world_of_hits(currency);
    let game = world.create_game(ten_tickets).unwrap();
    let (owner, delegate) = (world.player(), world.player());
    let account = world.tokens_of(&owner.pubkey());
    let program = world.token().program;
    let approve = token_ix::approve(
        &program,
        &account,
        &delegate.pubkey(),
        &owner.pubkey(),
        &[],
        u64::MAX,
    );
    world.token_send(approve.unwrap(), &owner).unwrap();
    let purchase = Purchase {
        player: delegate.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: FEE,
    };
    let join = ix::join(&purchase, world.token);
    let join = swap(&join, &world.tokens_of(&delegate.pubkey()), &account);
    let refusal = world.send(&[join], &delegate, &[]);
    assert_refused(refusal, LotteryError::TokenAccount);
    assert_eq!(world.tokens_in(&account), PLAYER_TOKENS);
}

/// Waits until the account is opened again, by anybody.
fn closed_account(currency: Currency) {
    let mut winner = Winner::new(currency);
    let (player, authority) = (
        winner.player.insecure_clone(),
        winner.world.authority.pubkey(),
    );
    let program = winner.world.token().program;
    let everything = winner.world.tokens_in(&winner.account);
    let elsewhere = winner.world.tokens_of(&authority);
    winner
        .world
        .move_tokens(&player, &winner.account, &elsewhere, everything)
        .unwrap();
    let close = token_ix::close_account(
        &program,
        &winner.account,
        &player.pubkey(),
        &player.pubkey(),
        &[],
    );
    winner.world.token_send(close.unwrap(), &player).unwrap();
    let refusal = winner.world.crank(winner.claim_into(&winner.account));
    assert_refused(refusal, LotteryError::TokenAccount);
    winner.world.open_tokens(&player.pubkey());
    winner
        .world
        .crank(winner.claim_into(&winner.account))
        .unwrap();
    assert_eq!(winner.world.tokens_in(&winner.account), PRIZE);
}

/// SPL Token lets the owner of an associated token account make it somebody else's
/// (Token-2022 does not): then it is not the player's, whatever its address says.
#[test]
fn associated_account_given_away() {
    let mut winner = Winner::new(Currency::SplToken);
    let player = winner.player.insecure_clone();
    let thief = winner.world.authority.pubkey();
    let give = token_ix::set_authority(
        &SPL_TOKEN,
        &winner.account,
        Some(&thief),
        AuthorityType::AccountOwner,
        &player.pubkey(),
        &[],
    );
    winner.world.token_send(give.unwrap(), &player).unwrap();
    let refusal = winner.world.crank(winner.claim_into(&winner.account));
    assert_refused(refusal, LotteryError::TokenAccount);
    // The player signs for another one.
    let other = winner.world.another_account(&player.pubkey(), 61);
    winner.own_claim_into(&other).unwrap();
    assert_eq!(winner.world.tokens_in(&other), PRIZE);
}

/// Awards and refunds go the way of prizes.
fn awards_and_refunds_alike(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    let ticket = world.game(&sold.game).jackpot_tickets[0];
    let entry = world.holder(&sold.game, ticket);
    let award = world.award_ix(&entry, 0);
    try_accounts(&mut world, award, &entry, 65);

    let sold = world.sell(ten_tickets, &[1]);
    world.pass(3_600);
    world.cancel(&sold.game).unwrap();
    let refund = world.refund_ix(&sold.entries[0]);
    try_accounts(&mut world, refund, &sold.entries[0], 66);
}

/// A further token account, made from the seed, and somebody else's do not get it.
fn try_accounts(world: &mut World, payment: Instruction, entry: &Pubkey, seed: u8) {
    let player = world.entry(entry).player;
    let account = world.tokens_of(&player);
    let other = world.another_account(&player, seed);
    let not_theirs = world.tokens_of(&world.treasury_wallet.pubkey());
    let refusal = world.crank(swap(&payment, &account, &other));
    assert_refused(refusal, LotteryError::TokenAccountNotAssociated);
    let refusal = world.crank(swap(&payment, &account, &not_theirs));
    assert_refused(refusal, LotteryError::TokenAccount);
    world.crank(payment).unwrap();
}

/// The authority withdraws to the treasury wallet's associated token account; anybody
/// returns donations to the creator's.
fn treasury_and_creator_alike(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    let authority = world.authority.pubkey();
    let wallet = world.treasury_wallet.pubkey();
    let withdraw = ix::withdraw_treasury(authority, world.house, wallet, 1_000, world.token);
    let account = world.tokens_of(&wallet);
    let other = world.another_account(&wallet, 61);
    let not_theirs = world.tokens_of(&authority);
    let refusal = world.crank(swap(&withdraw, &account, &other));
    assert_refused(refusal, LotteryError::TokenAccountNotAssociated);
    let refusal = world.crank(swap(&withdraw, &account, &not_theirs));
    assert_refused(refusal, LotteryError::TokenAccount);
    world.crank(withdraw).unwrap();

    world.claim_place(&sold.game, 0).unwrap();
    for tier in 0..3 {
        world.claim_award(&sold.game, tier).unwrap();
    }
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.mint_to(&lottery_client::address::vault(&sold.game), 7);
    let cranker = world.player();
    let close = ix::close_game(cranker.pubkey(), sold.game, authority, world.token);
    let other = world.another_account(&authority, 62);
    let refusal = world.send(&[swap(&close, &not_theirs, &other)], &cranker, &[]);
    assert_refused(refusal, LotteryError::TokenAccountNotAssociated);
    let refusal = world.send(&[swap(&close, &not_theirs, &account)], &cranker, &[]);
    assert_refused(refusal, LotteryError::TokenAccount);
    let before = world.money_of(&authority);
    world.send(&[close], &cranker, &[]).unwrap();
    assert_eq!(world.money_of(&authority), before + 7);
}

fn insufficient_tokens(currency: Currency) {
    let mut world = world_of_hits(currency);
    let game = world.create_game(ten_tickets).unwrap();
    let player = world.player();
    let account = world.tokens_of(&player.pubkey());
    let elsewhere = world.tokens_of(&world.authority.pubkey());
    let spare = PLAYER_TOKENS - 2 * FEE + 1;
    world
        .move_tokens(&player, &account, &elsewhere, spare)
        .unwrap();
    let refusal = world.join(&game, &player, 2);
    assert_refused(refusal, LotteryError::InsufficientFunds);
    world.mint_to(&account, 1);
    world.join(&game, &player, 2).unwrap();
    assert_eq!(world.tokens_in(&account), 0);
}

/// Rent and bounties are lamports, whatever the house plays for.
fn insufficient_lamports(currency: Currency) {
    let mut world = world_of_hits(currency);
    let game = world.create_game(ten_tickets).unwrap();
    let player = world.player();
    let payer = world.authority.insecure_clone();
    let needed = world.rent(112) + 2 * 10_000;
    let purchase = Purchase {
        player: player.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: FEE,
    };
    let join = ix::join(&purchase, world.token);
    world.corrupt(&player.pubkey(), |wallet| wallet.lamports = needed - 1);
    let refusal = world.send(std::slice::from_ref(&join), &payer, &[&player]);
    assert_refused(refusal, LotteryError::InsufficientFunds);
    world.corrupt(&player.pubkey(), |wallet| wallet.lamports = needed);
    world.send(&[join], &payer, &[&player]).unwrap();
    assert_eq!(world.lamports(&player.pubkey()), 0);
}
