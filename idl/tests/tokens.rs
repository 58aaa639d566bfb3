//! The token accounts of the description are those that the client's builders append:
//! the table of `idl/src/tokens.rs` is written by hand, the program reads by position.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeSet, fs};

use anchor_lang_idl_spec::{Idl, IdlInstruction, IdlInstructionAccount, IdlInstructionAccountItem};
use lottery::state::{GameParams, HouseParams, HouseRules, MEGA};
use lottery_client::{
    address,
    instruction::{self, DrawKeys, EntryKeys, Purchase, Token},
};
use lottery_idl::checked_in;
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

const HOUSE_ID: u16 = 7;
/// The jackpot tier that is funded.
const TIER: u8 = 1;
/// Creates houses and games, buys, funds, and is paid: one wallet, one token account.
const WALLET: Pubkey = Pubkey::new_from_array([1; 32]);
const TOKEN: Token = Token {
    mint: Pubkey::new_from_array([2; 32]),
    program: Pubkey::new_from_array([3; 32]),
};

fn house() -> Pubkey {
    address::house(&WALLET, HOUSE_ID)
}

fn game() -> Pubkey {
    address::game(&house(), 0)
}

/// The address behind a name of the description, in an instruction on [`house`] and [`game`].
fn named(name: &str) -> Pubkey {
    let jackpot = |tier| address::vault(&address::jackpot(&house(), tier));
    match name {
        "mint" => TOKEN.mint,
        "token_program" => TOKEN.program,
        "game_vault" => address::vault(&game()),
        "treasury_vault" => address::vault(&address::treasury(&house())),
        "minor_vault" => jackpot(0),
        "major_vault" => jackpot(1),
        "mega_vault" => jackpot(MEGA),
        "jackpot_vault" => jackpot(TIER),
        "wallet_tokens" | "funder_tokens" | "player_tokens" | "creator_tokens" => {
            TOKEN.associated(&WALLET)
        }
        unknown => panic!("no token account is called {unknown}"),
    }
}

/// Every builder that knows token houses but the batch, with [`TOKEN`] or without.
fn built(token: Option<Token>) -> Vec<Instruction> {
    let (house, game) = (house(), game());
    let entry = EntryKeys {
        house,
        game,
        entry: address::entry(&game, &WALLET, 0),
        player: WALLET,
        token,
    };
    let purchase = Purchase {
        player: WALLET,
        house,
        game,
        tickets: 1,
        nonce: 0,
        max_total: 1,
    };
    vec![
        instruction::create_house(WALLET, HOUSE_ID, house_params(), token),
        instruction::withdraw_treasury(WALLET, house, WALLET, 1, token),
        instruction::fund_jackpot(WALLET, house, TIER, 1, token),
        instruction::create_game(WALLET, house, game_params(), token),
        instruction::join(&purchase, token),
        instruction::settle_draw(WALLET, draw_keys(), &[], token),
        instruction::settle_game(house, game, token),
        instruction::claim(WALLET, entry, 0),
        instruction::claim_jackpot(WALLET, entry, TIER),
        instruction::refund(WALLET, entry),
        instruction::expire_prizes(WALLET, house, game, token),
        instruction::close_game(WALLET, game, WALLET, token),
    ]
}

#[test]
fn token_accounts_are_those_that_the_client_appends() {
    let idl = description();
    let mut seen = BTreeSet::new();
    for (native, with_tokens) in built(None).iter().zip(built(Some(TOKEN))) {
        let described = of(&idl, native);
        let name = described.name.as_str();
        assert_eq!(name, of(&idl, &with_tokens).name);
        seen.insert(name);

        let (own, tokens) = split(described);
        let (before, appended) = with_tokens.accounts.split_at(own.len());
        assert_eq!(native.accounts, before, "{name}");
        assert_eq!(roles(&own), meta_roles(before), "{name}");
        let named: Vec<_> = tokens.iter().map(|account| named(&account.name)).collect();
        let addresses: Vec<_> = appended.iter().map(|meta| meta.pubkey).collect();
        assert_eq!(named, addresses, "{name}");
        assert_eq!(roles(&tokens), meta_roles(appended), "{name}");
        assert_eq!(addresses[..2], [TOKEN.mint, TOKEN.program], "{name}");
    }
    let described = idl.instructions.iter();
    let described: BTreeSet<_> = described
        .filter(|instruction| !split(instruction).1.is_empty())
        .map(|instruction| instruction.name.as_str())
        .collect();
    assert_eq!(described, seen);
}

#[test]
fn games_of_a_settlement_follow_the_token_accounts() {
    let idl = description();
    let settle = |token| instruction::settle_draw(WALLET, draw_keys(), &[game()], token);
    let native = settle(None);
    let (own, tokens) = split(of(&idl, &native));
    assert_eq!(addresses(&native.accounts[own.len()..]), [game()]);
    let games = &settle(Some(TOKEN)).accounts[own.len() + tokens.len()..];
    assert_eq!(addresses(games), [game(), address::vault(&game())]);
}

fn description() -> Idl {
    serde_json::from_str(&fs::read_to_string(checked_in()).unwrap()).unwrap()
}

/// The description of an instruction, found by its first bytes.
fn of<'a>(idl: &'a Idl, built: &Instruction) -> &'a IdlInstruction {
    let mut all = idl.instructions.iter();
    all.find(|instruction| built.data.starts_with(&instruction.discriminator))
        .expect("it is described")
}

/// An instruction's own accounts, and the optional ones, which all come after them.
fn split(
    instruction: &IdlInstruction,
) -> (Vec<&IdlInstructionAccount>, Vec<&IdlInstructionAccount>) {
    let accounts = instruction.accounts.iter().map(|item| match item {
        IdlInstructionAccountItem::Single(account) => account,
        IdlInstructionAccountItem::Composite(group) => panic!("{} is a group", group.name),
    });
    let (optional, own): (Vec<_>, Vec<_>) = accounts.clone().partition(|account| account.optional);
    let in_order: Vec<_> = own.iter().chain(&optional).copied().collect();
    assert_eq!(accounts.collect::<Vec<_>>(), in_order);
    (own, optional)
}

/// Whether accounts are written, and whether they sign.
fn roles(accounts: &[&IdlInstructionAccount]) -> Vec<(bool, bool)> {
    let roles = accounts.iter().map(|it| (it.writable, it.signer));
    roles.collect()
}

fn meta_roles(metas: &[AccountMeta]) -> Vec<(bool, bool)> {
    let roles = metas.iter().map(|it| (it.is_writable, it.is_signer));
    roles.collect()
}

fn addresses(metas: &[AccountMeta]) -> Vec<Pubkey> {
    metas.iter().map(|meta| meta.pubkey).collect()
}

fn draw_keys() -> DrawKeys {
    let lane = address::lane(&house(), 0);
    DrawKeys {
        house: house(),
        lane,
        draw: address::draw(&lane, 0),
        payer: WALLET,
    }
}

fn house_params() -> HouseParams {
    HouseParams {
        vrf_queue: WALLET,
        draw_timeout: 0,
        rules: HouseRules {
            treasury_wallet: WALLET,
            jackpot_mean: [1; 3],
            bounty: 0,
            claim_window: 0,
            prize_bps: 0,
            jackpot_bps: [0; 3],
            treasury_bps: 0,
            reserve_bps: [0; 3],
            open_creation: false,
        },
    }
}

fn game_params() -> GameParams {
    GameParams {
        id: 0,
        entry_fee: 1,
        opens_at: 0,
        closes_at: 0,
        min_tickets: 0,
        max_tickets: 0,
        max_tickets_per_entry: 0,
        round_interval: 0,
        rounds: 0,
        winners: 0,
        keep_bps: Default::default(),
        place_bps: Default::default(),
    }
}
