//! Two houses of one authority that play the same games in step, a rival's house in
//! another currency, and the honest calls on the way, each with the world it was made in.

use std::{collections::HashMap, sync::LazyLock};

use litesvm::LiteSVM;
use lottery::state::HouseParams;
use lottery_client::{
    address,
    instruction::{self as ix, EntryKeys, Token},
};
use serde_json::Value;
use solana_account::AccountSharedData;
use solana_instruction::Instruction;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_transaction::Transaction;

use super::kinds::kind_of;
use crate::{
    rules,
    tokens::{Currency, MintRules, SPL_TOKEN, TOKEN_2022},
    world::{SOL, World},
};

/// Tickets of a game that sells out, and then hits every jackpot.
pub const TICKETS: u32 = 10;

/// Who plays, cranks and attacks; nobody's keys are needed, as no signature is checked.
#[derive(Clone, Copy, Debug)]
pub struct Wallets {
    pub authority: Pubkey,
    pub players: [Pubkey; 3],
    /// Cranks, for bounties.
    pub cranker: Pubkey,
    /// Pays for draws and lanes.
    pub requester: Pubkey,
    /// Offered the house's authority.
    pub successor: Pubkey,
    /// Takes no part.
    pub stranger: Pubkey,
    /// Pays for every transaction, hence signs it.
    pub attacker: Pubkey,
}

/// An honest call.
pub struct Case {
    pub instruction: &'static str,
    /// What tells it from other calls of the instruction.
    pub variant: String,
    pub currency: Currency,
    /// The world before it.
    pub svm: LiteSVM,
    pub call: Instruction,
    /// What each account is there for.
    pub positions: Vec<Position>,
    /// Accounts and their counterparts elsewhere.
    pub families: Vec<Family>,
    pub attacker: Pubkey,
}

/// A position in an instruction's list of accounts.
#[derive(Clone, Debug)]
pub struct Position {
    /// As in the program; the kind of the account, in brackets, of remaining accounts.
    pub name: String,
    pub optional: bool,
}

/// What differs between here and there, pair by pair.
#[derive(Clone, Debug)]
pub struct Family {
    pub name: &'static str,
    pub counterparts: HashMap<Pubkey, Pubkey>,
}

pub struct Stage {
    pub world: World,
    pub wallets: Wallets,
    pub houses: [Pubkey; 2],
    pub currency: Currency,
    pub cases: Vec<Case>,
}

impl Stage {
    pub fn new(currency: Currency) -> Self {
        let mut world = World::in_currency(currency, Self::rules);
        let authority = world.authority.pubkey();
        let houses = [address::house(&authority, 0), address::house(&authority, 1)];
        let params = Self::params(&world);
        world
            .crank(ix::create_house(authority, 1, params, world.token))
            .unwrap();
        world.house = houses[1];
        world.open_lane(crate::world::LANE).unwrap();
        world.house = houses[0];
        let players = [(); 3].map(|()| world.player().pubkey());
        let [cranker, requester, successor, stranger, attacker] =
            [(); 5].map(|()| world.player().pubkey());
        add_tokens(&mut world, &players[0]);
        add_rival(&mut world, currency);
        world.svm = std::mem::take(&mut world.svm)
            .with_sigverify(false)
            .with_blockhash_check(false)
            .with_log_bytes_limit(Some(0));
        Self {
            world,
            wallets: Wallets {
                authority,
                players,
                cranker,
                requester,
                successor,
                stranger,
                attacker,
            },
            houses,
            currency,
            cases: Vec::new(),
        }
    }

    fn rules(params: &mut HouseParams) {
        rules::certain_hits(params, u64::from(TICKETS));
    }

    /// Of another house like these.
    pub fn params(world: &World) -> HouseParams {
        let mut params = rules::house(world.treasury_wallet.pubkey(), world.queue);
        Self::rules(&mut params);
        params
    }

    pub fn token(&self) -> Option<Token> {
        self.world.token
    }

    /// A game of the house at hand.
    pub fn game(&self, id: u64) -> Pubkey {
        address::game(&self.world.house, id)
    }

    /// An entry of the house at hand, of nonce 0.
    pub fn entry(&self, game: u64, player: usize) -> EntryKeys {
        let (game, player) = (self.game(game), self.wallets.players[player]);
        EntryKeys {
            house: self.world.house,
            game,
            entry: address::entry(&game, &player, 0),
            player,
            token: self.token(),
        }
    }

    // -- Honest calls ---------------------------------------------------------

    /// Keeps the first house's call and makes both houses'.
    #[track_caller]
    pub fn step(
        &mut self,
        instruction: &'static str,
        variant: &str,
        make: impl Fn(&mut Self) -> Instruction,
    ) {
        self.record(instruction, variant, &make);
        self.both(make);
    }

    /// Keeps the first house's call, which must succeed, without making it.
    #[track_caller]
    pub fn record(
        &mut self,
        instruction: &'static str,
        variant: &str,
        make: impl Fn(&mut Self) -> Instruction,
    ) {
        let call = make(self);
        let case = Case {
            instruction,
            variant: format!("{instruction}{variant}"),
            currency: self.currency,
            svm: self.world.svm.clone(),
            positions: positions(instruction, &call, &self.world.svm),
            families: self.families(),
            attacker: self.wallets.attacker,
            call,
        };
        if let Err(failed) = case
            .svm
            .simulate_transaction(transaction(&case.call, &case.attacker))
        {
            panic!("{} ({:?}): {:?}", case.variant, case.currency, failed.err);
        }
        self.cases.push(case);
    }

    /// Makes both houses' calls.
    #[track_caller]
    pub fn both(&mut self, make: impl Fn(&mut Self) -> Instruction) {
        for house in self.houses {
            self.world.house = house;
            let call = make(self);
            let made = self
                .world
                .svm
                .send_transaction(transaction(&call, &self.wallets.attacker));
            if let Err(failed) = made {
                panic!("{house}: {:?}", failed.err);
            }
        }
        self.world.house = self.houses[0];
    }
}

/// One instruction at the attacker's expense, unsigned.
pub fn transaction(call: &Instruction, attacker: &Pubkey) -> Transaction {
    Transaction::new_unsigned(Message::new(std::slice::from_ref(call), Some(attacker)))
}

/// The interface as it is published: names and discriminators come from there.
static IDL: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../idl/lottery.json")).unwrap());

/// The instructions of the program: name and discriminator.
pub fn instructions() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    IDL["instructions"].as_array().unwrap().iter().map(|known| {
        let tag = known["discriminator"].as_array().unwrap().iter();
        (
            known["name"].as_str().unwrap(),
            tag.map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap())
                .collect(),
        )
    })
}

fn positions(instruction: &str, call: &Instruction, svm: &LiteSVM) -> Vec<Position> {
    let known = IDL["instructions"].as_array().unwrap();
    let known = known.iter().find(|one| one["name"] == instruction).unwrap();
    let declared = known["accounts"].as_array().unwrap().iter();
    let mut positions: Vec<_> = declared
        .map(|account| Position {
            name: account["name"].as_str().unwrap().to_owned(),
            optional: account["optional"].as_bool().unwrap_or(false),
        })
        .collect();
    // Houses that play for native SOL leave the optional ones out.
    let own = positions
        .iter()
        .filter(|position| !position.optional)
        .count();
    let token = call.accounts.get(own + 1).map(|meta| meta.pubkey);
    if !token.is_some_and(|program| [SPL_TOKEN, TOKEN_2022].contains(&program)) {
        positions.truncate(own);
    }
    let rest = call.accounts.iter().skip(positions.len());
    positions.extend(rest.map(|meta| Position {
        name: format!("[{}]", kind_of(account(svm, &meta.pubkey).as_ref())),
        optional: false,
    }));
    positions
}

pub fn account(svm: &LiteSVM, address: &Pubkey) -> Option<AccountSharedData> {
    svm.accounts_db().get_account(address)
}

/// Token accounts that somebody could take for a player's associated one.
fn add_tokens(world: &mut World, player: &Pubkey) {
    let Some(token) = world.token else { return };
    world.another_account(player, 211);
    let mut other = MintRules::plain(token.program);
    other.seed = 203;
    let other = world.create_mint(&other).unwrap();
    world.account_of(other, player, 212);
}

/// A house of somebody else's, in another currency, with a game and an entry.
fn add_rival(world: &mut World, currency: Currency) {
    let rival = world.player();
    world.svm.airdrop(&rival.pubkey(), 1_000 * SOL).unwrap();
    let ours = (world.token, world.house, world.authority.insecure_clone());
    let mut mint = MintRules::plain(match currency {
        Currency::Native | Currency::Token2022 => SPL_TOKEN,
        Currency::SplToken => crate::tokens::TOKEN_2022,
    });
    mint.seed = 202;
    let token = world.create_mint(&mint).unwrap();
    world.authority = rival;
    world.play_for(token);
    world.found_house(Stage::rules);
    let game = world.create_game(super::script::game).unwrap();
    let player = world.player();
    world.join(&game, &player, 1).unwrap();
    (world.token, world.house, world.authority) = ours;
}
