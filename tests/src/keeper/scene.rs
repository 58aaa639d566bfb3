//! The real VM with oracles, mints and people, before anything has happened.

use k256::ecdsa::SigningKey;
use lottery_client::instruction::Token;
use randomness_stand_in::{
    client as stand_in,
    layout::{self, OracleAccountData},
};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::{
    oracle::{Oracle, public_key},
    tokens::{MintRules, SPL_TOKEN, TOKEN_2022},
    world::{SOL, World},
};

/// Oracles of the queue.
pub const ORACLES: usize = 5;
/// People who play.
pub const PLAYERS: usize = 6;
/// People who create houses.
pub const CREATORS: usize = 3;

/// What everybody starts with (lamports, and units of each token).
const FUNDS: u64 = 10_000 * SOL;

/// What stories begin with.
pub struct Scene {
    world: World,
    pub tokens: Vec<Token>,
    pub players: Vec<Keypair>,
    pub creators: Vec<Keypair>,
    pub cranker: Keypair,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    pub fn new() -> Self {
        let people = |first: u8, count: usize| -> Vec<Keypair> {
            let keys = (first..).take(count);
            keys.map(|byte| Keypair::new_from_array([byte; 32]))
                .collect()
        };
        let mut world = World::without_house();
        add_oracles(&mut world);
        let mut scene = Self {
            tokens: Vec::new(),
            players: people(130, PLAYERS),
            creators: people(150, CREATORS),
            cranker: Keypair::new_from_array([160; 32]),
            world,
        };
        for person in scene.people() {
            scene.world.svm.airdrop(&person, FUNDS).unwrap();
        }
        for (program, seed) in [(SPL_TOKEN, 201), (TOKEN_2022, 202)] {
            let rules = MintRules {
                seed,
                ..MintRules::plain(program)
            };
            let token = scene.world.create_mint(&rules).unwrap();
            scene.world.token = Some(token);
            let treasury_wallet = scene.world.treasury_wallet.pubkey();
            for person in scene.people().into_iter().chain([treasury_wallet]) {
                scene.world.give_tokens(&person, FUNDS);
            }
            scene.tokens.push(token);
        }
        scene.world.token = None;
        scene.world.svm = std::mem::take(&mut scene.world.svm)
            .with_sigverify(false)
            .with_transaction_history(0);
        scene
    }

    fn people(&self) -> Vec<Pubkey> {
        let people = self.players.iter().chain(&self.creators);
        let people = people.chain([&self.cranker]);
        people.map(Keypair::pubkey).collect()
    }

    /// A world of its own.
    pub fn world(&self) -> World {
        let world = &self.world;
        let oracle = |oracle: &Oracle| Oracle {
            account: oracle.account.insecure_clone(),
            key: oracle.key.clone(),
        };
        World {
            svm: world.svm.clone(),
            authority: world.authority.insecure_clone(),
            treasury_wallet: world.treasury_wallet.insecure_clone(),
            queue: world.queue,
            oracles: world.oracles.iter().map(oracle).collect(),
            house: world.house,
            token: world.token,
            players: world.players,
        }
    }
}

/// To those that every world has.
fn add_oracles(world: &mut World) {
    let authority = world.authority.insecure_clone();
    let rent = world.rent(layout::ORACLE_LEN);
    for byte in (11..).take(ORACLES - world.oracles.len()) {
        let oracle = Oracle {
            account: Keypair::new_from_array([byte; 32]),
            key: SigningKey::from_bytes(&[byte; 32].into()).unwrap(),
        };
        let new = stand_in::NewOracle {
            secp256k1_key: public_key(&oracle.key),
            gateway_uri: stand_in::gateway_uri("http://127.0.0.1:9").unwrap(),
            valid_until: i64::MAX,
        };
        let (payer, key) = (authority.pubkey(), oracle.account.pubkey());
        let create = [
            stand_in::allocate::<OracleAccountData>(&payer, &key, rent),
            stand_in::oracle_init(key, world.queue, payer, &new),
        ];
        world.send(&create, &authority, &[&oracle.account]).unwrap();
        world.oracles.push(oracle);
    }
}
