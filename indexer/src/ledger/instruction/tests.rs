#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use anchor_lang::{
    Id as _,
    programs::{Token as Spl, Token2022},
};
use lottery::{
    events,
    state::{GameParams, HouseParams, HouseRules, MEGA},
};
use lottery_client::{
    address,
    instruction::{self as build, DrawKeys, EntryKeys, LaneKeys, Purchase, Revelation, Token},
};
use solana_instruction::Instruction;

use super::*;

fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

const HOUSE: u8 = 1;
const GAME: u8 = 2;
const PLAYER: u8 = 3;
const CRANKER: u8 = 4;
const DRAW: u8 = 5;

fn rules() -> HouseRules {
    HouseRules {
        treasury_wallet: key(20),
        jackpot_mean: [1, 2, u64::MAX],
        bounty: 3,
        claim_window: 4,
        prize_bps: 5,
        jackpot_bps: [6, 7, 8],
        treasury_bps: 9,
        reserve_bps: [10, 11, 12],
        open_creation: true,
    }
}

fn params() -> GameParams {
    GameParams {
        id: u64::MAX,
        entry_fee: 1,
        opens_at: 2,
        closes_at: i64::MAX,
        min_tickets: 4,
        max_tickets: 5,
        max_tickets_per_entry: 6,
        round_interval: 7,
        rounds: 8,
        winners: 9,
        keep_bps: [10; 8],
        place_bps: [11; 32],
    }
}

/// All of the program's instructions.
fn all(token: Option<Token>) -> Vec<(&'static str, Instruction)> {
    let (house, game, player, cranker) = (key(HOUSE), key(GAME), key(PLAYER), key(CRANKER));
    let keys = EntryKeys {
        house,
        game,
        entry: key(6),
        player,
        token,
    };
    let lane = LaneKeys {
        house,
        queue: key(7),
        index: 1,
    };
    let draw = DrawKeys {
        house,
        lane: key(8),
        draw: key(DRAW),
        payer: key(9),
    };
    let house_params = HouseParams {
        vrf_queue: key(7),
        draw_timeout: 100,
        rules: rules(),
    };
    let purchase = Purchase {
        player,
        house,
        game,
        tickets: 2,
        nonce: 3,
        max_total: u64::MAX,
    };
    let revelation = Revelation {
        signature: [1; 64],
        recovery_id: 1,
        value: [2; 32],
    };
    vec![
        (
            "create_house",
            build::create_house(cranker, 1, house_params, token),
        ),
        ("update_house", build::update_house(cranker, house, rules())),
        ("set_pause", build::set_pause(cranker, house, true, false)),
        (
            "propose_authority",
            build::propose_authority(cranker, house, key(11)),
        ),
        ("accept_authority", build::accept_authority(cranker, house)),
        (
            "withdraw_treasury",
            build::withdraw_treasury(cranker, house, key(12), 5, token),
        ),
        (
            "fund_jackpot",
            build::fund_jackpot(cranker, house, MEGA, 5, token),
        ),
        ("open_lane", build::open_lane(cranker, house, key(7), 1, 5)),
        ("close_lane", build::close_lane(cranker, house, 1, 5)),
        (
            "create_game",
            build::create_game(cranker, house, params(), token),
        ),
        ("join", build::join(&purchase, token)),
        (
            "request_draw",
            build::request_draw(cranker, lane, 5, key(10), &[game]),
        ),
        (
            "reveal_draw",
            build::reveal_draw(cranker, lane, 5, key(10), &revelation),
        ),
        (
            "settle_draw",
            build::settle_draw(cranker, draw, &[game], token),
        ),
        ("settle_game", build::settle_game(house, game, token)),
        ("abort_draw", build::abort_draw(cranker, draw, &[game])),
        ("claim", build::claim(cranker, keys, 7)),
        ("claim_jackpot", build::claim_jackpot(cranker, keys, MEGA)),
        ("cancel_game", build::cancel_game(cranker, game)),
        ("refund", build::refund(cranker, keys)),
        (
            "expire_prizes",
            build::expire_prizes(cranker, house, game, token),
        ),
        ("close_entry", build::close_entry(cranker, keys)),
        (
            "close_game",
            build::close_game(cranker, game, key(13), token),
        ),
    ]
}

/// Names fall on the accounts that the client's builders put there.
#[test]
fn every_account_has_its_name() {
    let token = |program| Token {
        mint: key(30),
        program,
    };
    let [spl, new] = [Spl::id(), Token2022::id()].map(token);
    for token in [None, Some(spl), Some(new)] {
        for (name, instruction) in all(token) {
            let known = understand(&instruction.data).expect(name);
            assert_eq!(known.name, name);
            let given: Vec<Pubkey> = instruction.accounts.iter().map(|a| a.pubkey).collect();
            let named = known.name_accounts(&given);
            let games = ["request_draw", "settle_draw", "abort_draw"].contains(&name);
            let vaults = name == "settle_draw" && token.is_some();
            let remaining = usize::from(games) + usize::from(vaults);
            assert_eq!(named.remaining.len(), remaining, "{name}");
            assert_eq!(named.remaining.contains(&key(GAME)), games, "{name}");
            if known.tells {
                assert_eq!(
                    named.get("event_authority"),
                    Some(events::AUTHORITY),
                    "{name}"
                );
                assert_eq!(named.get("program"), Some(lottery::ID), "{name}");
            }
            let mut names = known.accounts.concat();
            if let Some(tokens) = known.tokens {
                names.extend(TOKEN.iter().chain(tokens));
            }
            let has = |wanted: &str| names.contains(&wanted);
            if has("game_vault") {
                let holder = named.get("game").unwrap();
                let vault = token.map(|_| address::vault(&holder));
                assert_eq!(named.get("game_vault"), vault, "{name}");
            }
            if has("mint") {
                assert_eq!(named.get("mint"), token.map(|t| t.mint), "{name}");
            }
            if has("house") && name != "create_house" {
                assert_eq!(named.get("house"), Some(key(HOUSE)), "{name}");
            }
            if has("game") && name != "create_game" {
                assert_eq!(named.get("game"), Some(key(GAME)), "{name}");
            }
            if has("cranker") {
                assert_eq!(named.get("cranker"), Some(key(CRANKER)), "{name}");
            }
            if has("player") {
                assert_eq!(named.get("player"), Some(key(PLAYER)), "{name}");
            }
            if has("player_tokens") {
                let tokens = token.map(|t| t.associated(&key(PLAYER)));
                assert_eq!(named.get("player_tokens"), tokens, "{name}");
            }
            if has("mega_vault") {
                let mega = named.get("mega").unwrap();
                let vault = token.map(|_| address::vault(&mega));
                assert_eq!(named.get("mega_vault"), vault, "{name}");
            }
        }
    }
}

#[test]
fn arguments_are_read_by_name_and_cut_ones_are_not() {
    for (name, instruction) in all(None) {
        let known = understand(&instruction.data).expect(name);
        let arguments: serde_json::Value =
            serde_json::from_str(&known.arguments.unwrap().0).unwrap();
        let data = &instruction.data;
        if data.len() > 8 {
            let cut = understand(&data[..data.len() - 1]).unwrap();
            assert!(cut.arguments.is_err(), "{name}");
        }
        match name {
            "join" => {
                assert_eq!(arguments["order"]["tickets"], 2);
                assert_eq!(arguments["order"]["max_total"], "18446744073709551615");
            }
            "create_game" => {
                assert_eq!(arguments["params"]["id"], "18446744073709551615");
                assert_eq!(arguments["params"]["closes_at"], i64::MAX);
            }
            "create_house" => {
                assert_eq!(arguments["params"]["rules"]["claim_window"], 4);
                assert_eq!(arguments["params"]["rules"]["treasury_bps"], 9);
            }
            "reveal_draw" => assert_eq!(arguments["value"], "02".repeat(32)),
            "propose_authority" => {
                assert_eq!(arguments["successor"], key(11).to_string());
            }
            _ => {}
        }
    }
    assert!(understand(&[1, 2, 3]).is_none());
    assert!(understand(&[0xff; 100]).is_none());
}
