//! The real VM, ready to be copied for each sequence.

use std::rc::Rc;

use k256::ecdsa::SigningKey;
use litesvm::LiteSVM;
use lottery_client::{address, instruction::Token, token::create_associated};
use randomness_stand_in::{
    client as stand_in,
    layout::{self, OracleAccountData},
};
use solana_account::{AccountSharedData, ReadableAccount as _};
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_slot_hashes::SlotHashes;
use solana_transaction::Transaction;

use super::{
    cast::{ACTORS, Cast, LAPSED, ORACLES, PAUPER},
    ledger::{Holding, Ledger, Tokens},
    state::{House, Model},
    tokens,
    why::Why,
};
use crate::{
    oracle::{Oracle, public_key},
    world::{FIRST_SLOT, FIRST_TIME, SOL, World},
};

/// What a house plays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Currency {
    Sol,
    SplToken,
    Token2022,
}

/// What every actor starts with (lamports), but for the pauper.
const FUNDS: u64 = 50_000 * SOL;
/// What the pauper starts with (lamports): enough for an entry, hardly more.
const POVERTY: u64 = 4_000_000;
/// What every actor starts with (token units).
const TOKENS: u64 = 1_000_000_000_000_000_000;
/// Lamports a byte in a new world.
pub const PER_BYTE: u64 = 6_960;

/// A world before anything has happened in it.
pub struct Template {
    pub svm: LiteSVM,
    pub model: Model,
}

/// The hash of a slot here.
pub fn slot_hash(slot: u64) -> [u8; 32] {
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&slot.to_le_bytes());
    hash
}

fn keypair(byte: u8) -> Keypair {
    Keypair::new_from_array([byte; 32])
}

impl Template {
    pub fn new(currency: Currency) -> Self {
        let mut world = World::without_house();
        let sponsor = keypair(150);
        world.svm.airdrop(&sponsor.pubkey(), 5 * FUNDS).unwrap();
        add_oracles(&mut world);
        let token = add_mint(&mut world, currency, &sponsor);
        let actors: Vec<_> = (160..).take(ACTORS).map(keypair).collect();
        let house = address::house(&actors[0].pubkey(), 0);
        let mut ledger = Ledger {
            per_byte: PER_BYTE,
            ..Ledger::default()
        };
        for (index, actor) in actors.iter().enumerate() {
            let funds = if index == PAUPER { POVERTY } else { FUNDS };
            world.svm.airdrop(&actor.pubkey(), funds).unwrap();
            if let Some(token) = token {
                let account = token.associated(&actor.pubkey());
                let key = sponsor.pubkey();
                world
                    .send(
                        &[
                            create_associated(key, actor.pubkey(), token),
                            tokens::mint_to(token, key, account, TOKENS),
                        ],
                        &sponsor,
                        &[],
                    )
                    .unwrap();
                import(&world.svm, &mut ledger, account, true);
            }
            import(&world.svm, &mut ledger, actor.pubkey(), false);
        }
        import(&world.svm, &mut ledger, sponsor.pubkey(), false);
        let cast = Cast {
            actors,
            sponsor,
            treasury_wallet: world.treasury_wallet.pubkey(),
            oracles: std::mem::take(&mut world.oracles),
            queue: world.queue,
            house,
            treasury: address::treasury(&house),
            jackpots: [0, 1, 2].map(|tier| address::jackpot(&house, tier)),
            token,
        };
        let svm = world
            .svm
            .with_sigverify(false)
            .with_transaction_history(0)
            .with_log_bytes_limit(Some(0));
        Self {
            svm,
            model: Model {
                cast: Rc::new(cast),
                slot: FIRST_SLOT,
                now: FIRST_TIME,
                ledger,
                house: House::default(),
                lanes: Vec::new(),
                draws: Vec::new(),
                games: Vec::new(),
                entries: Vec::new(),
            },
        }
    }
}

fn import(svm: &LiteSVM, ledger: &mut Ledger, key: Pubkey, token: bool) {
    let account = account(svm, &key).unwrap();
    let holding = Holding {
        lamports: account.lamports(),
        bytes: account.data().len() as u64,
    };
    ledger.set(key, holding);
    if token {
        let (amount, frozen) = tokens::read(account.data());
        ledger.tokens.insert(key, Tokens { amount, frozen });
    }
}

/// As much as a transaction may use: a claim of eight rounds needs more than the default.
fn compute_limit() -> Instruction {
    const COMPUTE_BUDGET: Pubkey =
        Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
    const SET_LIMIT: u8 = 2;
    let mut data = vec![SET_LIMIT];
    data.extend(1_400_000_u32.to_le_bytes());
    Instruction {
        program_id: COMPUTE_BUDGET,
        accounts: Vec::new(),
        data,
    }
}

/// An account, without a copy of its data.
pub fn account<'a>(svm: &'a LiteSVM, key: &Pubkey) -> Option<&'a AccountSharedData> {
    svm.accounts_db()
        .get_account_ref(key)
        .filter(|account| account.lamports() > 0)
}

/// The world's two oracles, two more, and one whose attestation runs out.
fn add_oracles(world: &mut World) {
    let authority = world.authority.insecure_clone();
    let rent = world.rent(layout::ORACLE_LEN);
    for index in world.oracles.len()..ORACLES {
        let byte = 11 + index as u8;
        let oracle = Oracle {
            account: keypair(byte),
            key: SigningKey::from_bytes(&[byte; 32].into()).unwrap(),
        };
        let account = oracle.account.insecure_clone();
        let new = stand_in::NewOracle {
            secp256k1_key: public_key(&oracle.key),
            gateway_uri: stand_in::gateway_uri("http://127.0.0.1:9").unwrap(),
            valid_until: if index == LAPSED {
                FIRST_TIME
            } else {
                i64::MAX
            },
        };
        let (payer, key) = (authority.pubkey(), account.pubkey());
        world
            .send(
                &[
                    stand_in::allocate::<OracleAccountData>(&payer, &key, rent),
                    stand_in::oracle_init(key, world.queue, payer, &new),
                ],
                &authority,
                &[&account],
            )
            .unwrap();
        world.oracles.push(oracle);
    }
}

fn add_mint(world: &mut World, currency: Currency, authority: &Keypair) -> Option<Token> {
    let program = match currency {
        Currency::Sol => return None,
        Currency::SplToken => tokens::SPL_TOKEN,
        Currency::Token2022 => tokens::TOKEN_2022,
    };
    let mint = keypair(151).pubkey();
    let lamports = world.rent(82);
    let account = tokens::mint(&authority.pubkey(), program, lamports);
    world.svm.set_account(mint, account).unwrap();
    Some(Token { mint, program })
}

/// The running VM of a sequence.
#[derive(Clone)]
pub struct Stage {
    pub svm: LiteSVM,
}

impl Stage {
    /// Sends a transaction; signatures are not looked at, but who must sign is.
    pub fn send(&mut self, instruction: Instruction, payer: &Pubkey) -> Result<Vec<u8>, Why> {
        let blockhash = self.svm.latest_blockhash();
        let instructions = [compute_limit(), instruction];
        let message = Message::new_with_blockhash(&instructions, Some(payer), &blockhash);
        let sent = self
            .svm
            .send_transaction(Transaction::new_unsigned(message));
        match sent {
            Ok(meta) => Ok(meta.return_data.data),
            Err(failed) => Err(failed.err.into()),
        }
    }

    pub fn set_clock(&mut self, slot: u64, unix_timestamp: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.slot = slot;
        clock.unix_timestamp = unix_timestamp;
        self.svm.set_sysvar(&clock);
        let previous = slot - 1;
        self.svm
            .set_sysvar(&SlotHashes::new(&[(previous, slot_hash(previous).into())]));
    }

    pub fn set_rent(&mut self, per_byte: u64) {
        let mut rent = self.svm.get_sysvar::<solana_rent::Rent>();
        rent.lamports_per_byte = per_byte;
        self.svm.set_sysvar(&rent);
    }
}
