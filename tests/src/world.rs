use std::path::{Path, PathBuf};

use k256::ecdsa::SigningKey;
use litesvm::{LiteSVM, types::TransactionMetadata};
use lottery::state::{Draw, Entry, Game, House, HouseParams, Jackpot, Lane, Treasury};
use lottery_client::{
    account::{self, Kind},
    address,
    instruction::{self as ix, Token},
};
use randomness_stand_in::{
    client as stand_in,
    layout::{self, OracleAccountData, QueueAccountData},
};
use solana_account::Account;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_slot_hashes::SlotHashes;
use solana_transaction::Transaction;

use crate::rules;

/// Lamports in a SOL.
pub const SOL: u64 = 1_000_000_000;
/// The slot a world starts in.
pub const FIRST_SLOT: u64 = 1_000;
/// The time a world starts at (unix seconds).
pub const FIRST_TIME: i64 = 1_800_000_000;
/// Index of the lane every world has.
pub const LANE: u8 = 0;

/// The VM and who lives in it.
pub struct World {
    pub svm: LiteSVM,
    /// Creator and authority of the house; pays for cranks.
    pub authority: Keypair,
    pub treasury_wallet: Keypair,
    pub queue: Pubkey,
    pub oracles: Vec<Oracle>,
    pub house: Pubkey,
    /// What the house plays for; native SOL without one (`tokens`).
    pub token: Option<Token>,
    pub(crate) players: u64,
}

pub use crate::{
    oracle::{Oracle, public_key, sign},
    refusal::{Refusal, assert_fails, assert_refused, replaced},
};

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// With the rules of [`rules::house`].
    pub fn new() -> Self {
        Self::with_house(|_| ())
    }

    /// With varied house rules.
    pub fn with_house(vary: impl FnOnce(&mut HouseParams)) -> Self {
        let mut world = Self::without_house();
        world.found_house(vary);
        world
    }

    /// Creates the house, with varied rules, and opens its lane.
    pub fn found_house(&mut self, vary: impl FnOnce(&mut HouseParams)) {
        let mut params = rules::house(self.treasury_wallet.pubkey(), self.queue);
        vary(&mut params);
        let authority = self.authority.pubkey();
        self.house = address::house(&authority, 0);
        self.crank(ix::create_house(authority, 0, params, self.token))
            .expect("the house's rules are valid");
        self.open_lane(LANE).expect("a lane opens");
    }

    /// Programs, queue and oracles only.
    ///
    /// `LOTTERY_PROGRAM` names another program of `target/deploy` to test or measure,
    /// such as an experimental build.
    pub fn without_house() -> Self {
        let program = std::env::var("LOTTERY_PROGRAM");
        Self::with_program(program.as_deref().unwrap_or("lottery.so"))
    }

    /// The same with another program at the lottery's address.
    pub fn with_program(lottery: &str) -> Self {
        let mut svm = LiteSVM::new();
        for (id, file) in [
            (lottery::ID, lottery),
            (randomness_stand_in::ID, "randomness_stand_in.so"),
        ] {
            let path = program_path(file);
            svm.add_program_from_file(id, &path)
                .unwrap_or_else(|error| {
                    panic!("{file}: {error}; scripts/build-programs comes first")
                });
        }
        add_wrapped_sol(&mut svm);
        let oracle = |byte: u8| Oracle {
            account: Keypair::new_from_array([byte; 32]),
            key: SigningKey::from_bytes(&[byte; 32].into()).unwrap(),
        };
        let mut world = Self {
            svm,
            authority: Keypair::new_from_array([101; 32]),
            treasury_wallet: Keypair::new_from_array([102; 32]),
            queue: Pubkey::default(),
            oracles: vec![oracle(1), oracle(2), oracle(3)],
            house: Pubkey::default(),
            token: None,
            players: 0,
        };
        world.set_clock(FIRST_SLOT, FIRST_TIME);
        let authority = world.authority.insecure_clone();
        world
            .svm
            .airdrop(&authority.pubkey(), 10_000 * SOL)
            .unwrap();
        world.make_oracles(&authority);
        world
    }

    fn make_oracles(&mut self, payer: &Keypair) {
        let key = payer.pubkey();
        let queue = Keypair::new_from_array([103; 32]);
        self.queue = queue.pubkey();
        let rent = self.rent(layout::QUEUE_LEN);
        self.send(
            &[
                stand_in::state_init(key),
                stand_in::allocate::<QueueAccountData>(&key, &queue.pubkey(), rent),
                stand_in::queue_init(queue.pubkey(), key),
            ],
            payer,
            &[&queue],
        )
        .unwrap();
        let rent = self.rent(layout::ORACLE_LEN);
        for n in 0..self.oracles.len() {
            let account = self.oracles[n].account.insecure_clone();
            let new = stand_in::NewOracle {
                secp256k1_key: public_key(&self.oracles[n].key),
                gateway_uri: stand_in::gateway_uri("http://127.0.0.1:9").unwrap(),
                valid_until: i64::MAX,
            };
            self.send(
                &[
                    stand_in::allocate::<OracleAccountData>(&key, &account.pubkey(), rent),
                    stand_in::oracle_init(account.pubkey(), queue.pubkey(), key, &new),
                ],
                payer,
                &[&account],
            )
            .unwrap();
        }
    }

    /// Rent-exempt minimum of an account of this size (lamports).
    pub fn rent(&self, bytes: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(bytes)
    }

    // -- Time ---------------------------------------------------------------

    /// Enters a slot at a time.
    pub fn set_clock(&mut self, slot: u64, unix_timestamp: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.slot = slot;
        clock.unix_timestamp = unix_timestamp;
        self.svm.set_sysvar(&clock);
        let previous = slot - 1;
        let mut hash = [7; 32];
        hash[..8].copy_from_slice(&previous.to_le_bytes());
        self.svm
            .set_sysvar(&SlotHashes::new(&[(previous, hash.into())]));
        self.svm.expire_blockhash();
    }

    pub fn slot(&self) -> u64 {
        self.svm.get_sysvar::<Clock>().slot
    }

    pub fn now(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    /// Lets seconds and slots pass.
    pub fn pass(&mut self, seconds: i64) {
        let slots = u64::try_from(seconds).unwrap() * 2 + 1;
        self.set_clock(self.slot() + slots, self.now() + seconds);
    }

    // -- Transactions -------------------------------------------------------

    /// Sends one transaction; afterwards a new blockhash is current, so that the
    /// same transaction can be sent again.
    pub fn send(
        &mut self,
        instructions: &[Instruction],
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<TransactionMetadata, Refusal> {
        let mut keys = vec![payer];
        keys.extend_from_slice(signers);
        let blockhash = self.svm.latest_blockhash();
        let message = Message::new_with_blockhash(instructions, Some(&payer.pubkey()), &blockhash);
        let transaction = Transaction::new(&keys, message, blockhash);
        let result = self.svm.send_transaction(transaction);
        self.svm.expire_blockhash();
        result.map_err(|failed| {
            if std::env::var_os("SHOW_LOGS").is_some() {
                eprintln!("{:#?}", failed.meta.logs);
            }
            failed.err
        })
    }

    /// Sends as the house's authority.
    pub fn crank(&mut self, instruction: Instruction) -> Result<TransactionMetadata, Refusal> {
        let authority = self.authority.insecure_clone();
        self.send(&[instruction], &authority, &[])
    }

    // -- Accounts -----------------------------------------------------------

    /// A program account; panics when it is not there.
    pub fn get<T: Kind>(&self, address: &Pubkey) -> T {
        let account = self.account(address);
        account::decode(&account.owner, &account.data).unwrap()
    }

    pub fn account(&self, address: &Pubkey) -> Account {
        self.svm
            .get_account(address)
            .unwrap_or_else(|| panic!("no account {address}"))
    }

    pub fn lamports(&self, address: &Pubkey) -> u64 {
        self.svm.get_balance(address).unwrap_or(0)
    }

    pub fn game(&self, game: &Pubkey) -> Game {
        self.get(game)
    }

    pub fn entry(&self, entry: &Pubkey) -> Entry {
        self.get(entry)
    }

    pub fn house(&self) -> House {
        self.get(&self.house)
    }

    pub fn treasury(&self) -> Treasury {
        self.get(&address::treasury(&self.house))
    }

    pub fn jackpot(&self, tier: u8) -> Jackpot {
        self.get(&address::jackpot(&self.house, tier))
    }

    pub fn lane(&self) -> Lane {
        self.get(&address::lane(&self.house, LANE))
    }

    pub fn draw(&self, id: u64) -> Draw {
        self.get(&address::draw(&address::lane(&self.house, LANE), id))
    }

    /// Overwrites bytes of an account, as no instruction could.
    pub fn corrupt(&mut self, address: &Pubkey, change: impl FnOnce(&mut Account)) {
        let mut account = self.account(address);
        change(&mut account);
        self.svm.set_account(*address, account).unwrap();
    }
}

/// Where `scripts/build-programs` puts a program.
pub fn program_path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/deploy")
        .join(file)
}

/// The mint of wrapped SOL, which is part of a real cluster's genesis.
fn add_wrapped_sol(svm: &mut LiteSVM) {
    let mut data = vec![0; 82];
    // Mint: no authority, supply 0, 9 decimals, initialised, no freeze authority.
    data[44] = 9;
    data[45] = 1;
    let lamports = svm.minimum_balance_for_rent_exemption(data.len());
    svm.set_account(
        lottery::switchboard::WRAPPED_SOL,
        Account {
            lamports,
            data,
            owner: lottery::switchboard::TOKEN_PROGRAM,
            executable: false,
            rent_epoch: u64::MAX,
        },
    )
    .unwrap();
}
