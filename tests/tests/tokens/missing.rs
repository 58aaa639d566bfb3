//! Every instruction of a token house wants every token account it moves money with.

use lottery::LotteryError;
use lottery_client::{
    address,
    instruction::{self as ix, Batch, Purchase},
};
use lottery_tests::{
    refusal::{assert_fails, assert_refused},
    rules::{self, FEE},
    tokens::{Currency, MintRules},
    world::World,
};
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::common::{
    cut_before, read_only, refused_until_whole, ten_tickets, vaults, without, won, world_of_hits,
};

for_each_token! {
    create_house
    create_game
    join
    settle_draw
    settle_game
    claim
    claim_jackpot
    refund
    expire_prizes
    withdraw_treasury
    fund_jackpot
    close_game
    player_batch
}

/// Anchor's `ConstraintMut`.
const CONSTRAINT_MUT: InstructionError = InstructionError::Custom(2000);

fn writes(instruction: &Instruction, account: &Pubkey) -> bool {
    let mut accounts = instruction.accounts.iter();
    accounts.any(|meta| meta.pubkey == *account && meta.is_writable)
}

/// Each of these accounts is needed: neither it nor it and those after it may be missing.
#[track_caller]
fn needs(world: &mut World, instruction: Instruction, accounts: &[Pubkey]) {
    for account in accounts {
        let cut = cut_before(&instruction, account);
        assert_refused(world.crank(cut), LotteryError::TokenAccountsMissing);
    }
    needs_all(world, instruction, accounts);
}

/// The same, of an instruction in which others come after them. Those that tokens come to
/// or go from must be writable, too.
#[track_caller]
fn needs_all(world: &mut World, instruction: Instruction, accounts: &[Pubkey]) {
    for account in accounts
        .iter()
        .filter(|account| writes(&instruction, account))
    {
        let changed = read_only(&instruction, account);
        assert_fails(world.crank(changed), &CONSTRAINT_MUT);
    }
    let without = |account| {
        (
            without(&instruction, account),
            LotteryError::TokenAccountsMissing,
        )
    };
    let missing: Vec<_> = accounts.iter().map(without).collect();
    refused_until_whole(world, instruction, &missing);
}

fn create_house(currency: Currency) {
    let mut world = World::without_house();
    let rules = MintRules::plain(currency.program().unwrap());
    let token = world.create_mint(&rules).unwrap();
    let authority = world.authority.pubkey();
    let params = rules::house(world.treasury_wallet.pubkey(), world.queue);
    let create = ix::create_house(authority, 0, params, Some(token));
    let [a, b, c, d] = vaults(&address::house(&authority, 0));
    needs(&mut world, create, &[token.program, a, b, c, d]);
}

fn create_game(currency: Currency) {
    let mut world = world_of_hits(currency);
    let token = world.token();
    let authority = world.authority.pubkey();
    let params = ten_tickets(0, world.now());
    let create = ix::create_game(authority, world.house, params, Some(token));
    let vault = address::vault(&address::game(&world.house, 0));
    needs(&mut world, create, &[token.mint, token.program, vault]);
}

fn join(currency: Currency) {
    let mut world = world_of_hits(currency);
    let token = world.token();
    let game = world.create_game(ten_tickets).unwrap();
    let player = world.player();
    let purchase = Purchase {
        player: player.pubkey(),
        house: world.house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: FEE,
    };
    let join = ix::join(&purchase, Some(token));
    let accounts = [
        token.mint,
        token.program,
        address::vault(&game),
        token.associated(&player.pubkey()),
    ];
    for account in accounts {
        let refusal = world.send(&[without(&join, &account)], &player, &[]);
        assert_refused(refusal, LotteryError::TokenAccountsMissing);
    }
    for account in &accounts[2..] {
        let refusal = world.send(&[read_only(&join, account)], &player, &[]);
        assert_fails(refusal, &CONSTRAINT_MUT);
    }
    // As if the house played for native SOL.
    let refusal = world.send(&[ix::join(&purchase, None)], &player, &[]);
    assert_refused(refusal, LotteryError::TokenAccountsMissing);
    world.send(&[join], &player, &[]).unwrap();
}

/// Mint, token program, and the vaults of the house.
fn settlement_accounts(world: &World) -> Vec<Pubkey> {
    let token = world.token();
    let mut accounts = vec![token.mint, token.program];
    accounts.extend(vaults(&world.house));
    accounts
}

fn settle_draw(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = world.sell(ten_tickets, &[10]);
    let id = world.request(&[sold.game]).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let settle = world.settle_ix(id, &[sold.game]);
    let accounts = settlement_accounts(&world);

    // A game without its vault is half a game: there is none.
    let mut cut = settle.clone();
    cut.accounts.pop();
    assert_refused(world.crank(cut), LotteryError::NoGames);
    needs_all(&mut world, settle, &accounts);
}

fn settle_game(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = world.sell(ten_tickets, &[10]);
    let vault = address::vault(&sold.game);
    world.freeze(&vault);
    world.play(&sold.game, 1).unwrap();
    world.thaw(&vault);
    let settle = ix::settle_game(world.house, sold.game, world.token);
    let mut accounts = settlement_accounts(&world);
    accounts.push(vault);
    needs(&mut world, settle, &accounts);
}

/// What a payment to the holder of an entry takes.
fn payment_accounts(world: &World, entry: &Pubkey) -> [Pubkey; 4] {
    let token = world.token();
    let entry = world.entry(entry);
    [
        token.mint,
        token.program,
        address::vault(&entry.game),
        token.associated(&entry.player),
    ]
}

fn claim(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    let (entry, ticket) = world.winner(&sold.game, 0);
    let accounts = payment_accounts(&world, &entry);
    let claim = world.claim_ix(&entry, ticket);
    needs(&mut world, claim, &accounts);
}

fn claim_jackpot(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    for tier in 0..3 {
        let ticket = world.game(&sold.game).jackpot_tickets[usize::from(tier)];
        let entry = world.holder(&sold.game, ticket);
        let accounts = payment_accounts(&world, &entry);
        let claim = world.award_ix(&entry, tier);
        needs(&mut world, claim, &accounts);
    }
}

fn refund(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let sold = world.cancelled(&[1]);
    let entry = sold.entries[0];
    let accounts = payment_accounts(&world, &entry);
    let refund = world.refund_ix(&entry);
    needs(&mut world, refund, &accounts);
}

fn expire_prizes(currency: Currency) {
    let mut world = world_of_hits(currency);
    let sold = won(&mut world);
    world.pass_until(world.game(&sold.game).claims_end());
    let token = world.token();
    let expire = ix::expire_prizes(
        world.authority.pubkey(),
        world.house,
        sold.game,
        Some(token),
    );
    let accounts = [
        token.mint,
        token.program,
        address::vault(&sold.game),
        vaults(&world.house)[3],
    ];
    needs(&mut world, expire, &accounts);
}

fn withdraw_treasury(currency: Currency) {
    let mut world = world_of_hits(currency);
    won(&mut world);
    let token = world.token();
    let wallet = world.treasury_wallet.pubkey();
    let withdraw = ix::withdraw_treasury(
        world.authority.pubkey(),
        world.house,
        wallet,
        1_000,
        Some(token),
    );
    let accounts = [
        token.mint,
        token.program,
        vaults(&world.house)[0],
        token.associated(&wallet),
    ];
    needs(&mut world, withdraw, &accounts);
    assert_eq!(world.money_of(&wallet), 1_000);
}

fn fund_jackpot(currency: Currency) {
    let mut world = world_of_hits(currency);
    let token = world.token();
    let authority = world.authority.pubkey();
    for tier in 0..3 {
        let fund = ix::fund_jackpot(authority, world.house, tier, 1_000, Some(token));
        let accounts = [
            token.mint,
            token.program,
            vaults(&world.house)[1 + usize::from(tier)],
            token.associated(&authority),
        ];
        needs(&mut world, fund, &accounts);
        assert_eq!(world.jackpot(tier).amount, 1_000);
    }
}

fn close_game(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let token = world.token();
    let authority = world.authority.pubkey();
    let mut close = |donated: u64| {
        let sold = world.cancelled(&[1]);
        world.refund(&sold.entries[0]).unwrap();
        world.close_entry(&sold.entries[0]).unwrap();
        let vault = address::vault(&sold.game);
        if donated > 0 {
            world.mint_to(&vault, donated);
        }
        let close = ix::close_game(authority, sold.game, authority, Some(token));
        let mut accounts = vec![token.mint, token.program, vault];
        if donated > 0 {
            accounts.push(token.associated(&authority));
        }
        needs(&mut world, close, &accounts);
    };
    close(0);
    // What was donated needs somewhere to go.
    close(1);
}

/// What operations name by position is never absent; the token itself may be.
fn player_batch(currency: Currency) {
    let mut world = World::in_currency(currency, |_| ());
    let token = world.token();
    let sold = world.cancelled(&[1]);
    let mut batch = Batch::new(world.authority.pubkey());
    batch.refund(world.entry_keys(&sold.entries[0])).unwrap();
    let batch = batch.build(true);
    needs_all(&mut world, batch, &[token.mint, token.program]);
}
