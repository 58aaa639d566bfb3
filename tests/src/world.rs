use k256::ecdsa::SigningKey;
use litesvm::{LiteSVM, types::TransactionMetadata};
use lottery::{
    LotteryError,
    state::{Draw, Entry, Game, GameParams, House, HouseParams, Jackpot, Lane, Treasury},
};
use lottery_client::{
    account::{self, Kind},
    address,
    instruction::{self as ix, LaneKeys, Revelation},
};
use randomness_stand_in::{
    client as stand_in,
    layout::{self, OracleAccountData, QueueAccountData},
    signature::reveal_message,
};
use solana_account::Account;
use solana_clock::Clock;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_slot_hashes::SlotHashes;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

use crate::rules;

/// Lamports in a SOL.
pub const SOL: u64 = 1_000_000_000;
/// The slot a world starts in.
pub const FIRST_SLOT: u64 = 1_000;
/// The time a world starts at (unix seconds).
pub const FIRST_TIME: i64 = 1_800_000_000;
/// Index of the lane every world has.
pub const LANE: u8 = 0;

/// An oracle whose key we hold.
pub struct Oracle {
    pub account: Keypair,
    pub key: SigningKey,
}

/// The VM and who lives in it.
pub struct World {
    pub svm: LiteSVM,
    /// Creator and authority of the house; pays for cranks.
    pub authority: Keypair,
    pub treasury_wallet: Keypair,
    pub queue: Pubkey,
    pub oracles: Vec<Oracle>,
    pub house: Pubkey,
    players: u64,
}

/// What a refused transaction failed with.
pub type Refusal = TransactionError;

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
        let mut params = rules::house(world.treasury_wallet.pubkey(), world.queue);
        vary(&mut params);
        let authority = world.authority.insecure_clone();
        world.house = address::house(&authority.pubkey(), 0);
        world
            .send(
                &[ix::create_house(authority.pubkey(), 0, params)],
                &authority,
                &[],
            )
            .expect("the house's rules are valid");
        world.open_lane(LANE).expect("a lane opens");
        world
    }

    /// Programs, queue and oracles only.
    pub fn without_house() -> Self {
        let mut svm = LiteSVM::new();
        for (id, file) in [
            (lottery::ID, "lottery.so"),
            (randomness_stand_in::ID, "randomness_stand_in.so"),
        ] {
            let path = format!("{}/../target/deploy/{file}", env!("CARGO_MANIFEST_DIR"));
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
            oracles: vec![oracle(1), oracle(2)],
            house: Pubkey::default(),
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
        let message =
            Message::new_with_blockhash(instructions, Some(&payer.pubkey()), &blockhash);
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

    // -- Play ---------------------------------------------------------------

    /// A player with 100 SOL; the same keys in every world.
    pub fn player(&mut self) -> Keypair {
        self.players += 1;
        let mut seed = [9; 32];
        seed[..8].copy_from_slice(&self.players.to_le_bytes());
        let player = Keypair::new_from_array(seed);
        self.svm.airdrop(&player.pubkey(), 100 * SOL).unwrap();
        player
    }

    /// Creates the house's next game with varied rules.
    pub fn create_game(
        &mut self,
        params: impl FnOnce(u64, i64) -> GameParams,
    ) -> Result<Pubkey, Refusal> {
        let params = params(self.treasury().games_created, self.now());
        let authority = self.authority.pubkey();
        self.crank(ix::create_game(authority, self.house, params))?;
        Ok(address::game(&self.house, params.id))
    }

    /// Buys tickets with nonce 0 and returns the entry.
    pub fn join(
        &mut self,
        game: &Pubkey,
        player: &Keypair,
        tickets: u32,
    ) -> Result<Pubkey, Refusal> {
        self.join_with(game, player, tickets, 0, u64::MAX)
    }

    pub fn join_with(
        &mut self,
        game: &Pubkey,
        player: &Keypair,
        tickets: u32,
        nonce: u16,
        max_total: u64,
    ) -> Result<Pubkey, Refusal> {
        let join = ix::join(
            player.pubkey(),
            self.house,
            *game,
            tickets,
            nonce,
            max_total,
        );
        self.send(&[join], player, &[])?;
        Ok(address::entry(game, &player.pubkey(), nonce))
    }

    pub fn open_lane(&mut self, index: u8) -> Result<TransactionMetadata, Refusal> {
        let open = ix::open_lane(
            self.authority.pubkey(),
            self.house,
            self.queue,
            index,
            self.slot() - 1,
        );
        self.crank(open)
    }

    pub fn lane_keys(&self) -> LaneKeys {
        LaneKeys {
            house: self.house,
            queue: self.queue,
            index: LANE,
        }
    }

    /// Requests a draw from oracle 0 and returns its id.
    pub fn request(&mut self, games: &[Pubkey]) -> Result<u64, Refusal> {
        let id = self.lane().next_draw;
        self.crank(self.request_ix(id, 0, games))?;
        Ok(id)
    }

    pub fn request_ix(&self, id: u64, oracle: usize, games: &[Pubkey]) -> Instruction {
        ix::request_draw(
            self.authority.pubkey(),
            self.lane_keys(),
            id,
            self.oracles[oracle].account.pubkey(),
            games,
        )
    }

    /// What the oracle would answer for the lane's present commitment with this
    /// value.
    pub fn answer(&self, oracle: usize, value: [u8; 32]) -> Revelation {
        let randomness = address::randomness(&address::lane(&self.house, LANE));
        let data = self.account(&randomness).data;
        let commitment = lottery::switchboard::parse_randomness(&data).unwrap();
        sign(
            &self.oracles[oracle].key,
            &randomness,
            &commitment.seed_slothash,
            commitment.seed_slot,
            value,
        )
    }

    pub fn reveal_ix(&self, id: u64, oracle: usize, revelation: &Revelation) -> Instruction {
        ix::reveal_draw(
            self.authority.pubkey(),
            self.lane_keys(),
            id,
            self.oracles[oracle].account.pubkey(),
            revelation,
        )
    }

    /// A slot passes, then oracle 0's value arrives.
    pub fn reveal(&mut self, id: u64, value: [u8; 32]) -> Result<(), Refusal> {
        self.pass(0);
        let answer = self.answer(0, value);
        self.crank(self.reveal_ix(id, 0, &answer)).map(drop)
    }

    pub fn settle_ix(&self, id: u64, games: &[Pubkey]) -> Instruction {
        let lane = address::lane(&self.house, LANE);
        ix::settle_draw(
            self.house,
            address::draw(&lane, id),
            self.authority.pubkey(),
            games,
        )
    }

    pub fn settle(&mut self, id: u64, games: &[Pubkey]) -> Result<TransactionMetadata, Refusal> {
        self.crank(self.settle_ix(id, games))
    }

    /// One round of these games: request, reveal, settle.
    pub fn play_round(&mut self, games: &[Pubkey], value: [u8; 32]) -> Result<(), Refusal> {
        let id = self.request(games)?;
        self.reveal(id, value)?;
        self.settle(id, games).map(drop)
    }

    /// All rounds of a game whose sales have ended; round `r` is drawn with a
    /// value of `value + r` in every byte.
    pub fn play(&mut self, game: &Pubkey, value: u8) -> Result<(), Refusal> {
        let rounds = self.game(game).rounds;
        for round in 0..rounds {
            self.play_round(&[*game], [value.wrapping_add(round); 32])?;
            let interval = i64::from(self.game(game).round_interval);
            self.pass(interval);
        }
        Ok(())
    }
}

/// 64 bytes, x ‖ y, of a secp256k1 key.
pub fn public_key(key: &SigningKey) -> [u8; 64] {
    let point = key.verifying_key().to_encoded_point(false);
    point.as_bytes()[1..].try_into().unwrap()
}

/// An oracle's signature of a value for a commitment.
pub fn sign(
    key: &SigningKey,
    randomness: &Pubkey,
    slothash: &[u8; 32],
    slot: u64,
    value: [u8; 32],
) -> Revelation {
    let digest = reveal_message(randomness.as_array(), slothash, slot, &value);
    let (signature, recovery) = key.sign_prehash_recoverable(&digest).unwrap();
    Revelation {
        signature: signature.to_bytes().into(),
        recovery_id: recovery.to_byte(),
        value,
    }
}

/// Asserts that a transaction was refused by the program for this reason.
#[track_caller]
pub fn assert_refused<T>(result: Result<T, Refusal>, expected: LotteryError) {
    match result {
        Ok(_) => panic!("accepted; expected {expected:?}"),
        Err(error) => {
            let found = lottery_client::sender::lottery_error(&error);
            assert_eq!(found, Some(expected), "{error}");
        }
    }
}

/// Asserts that a transaction was refused for a reason of the runtime or of Anchor.
#[track_caller]
pub fn assert_fails<T>(result: Result<T, Refusal>, expected: &InstructionError) {
    match result {
        Ok(_) => panic!("accepted; expected {expected:?}"),
        Err(TransactionError::InstructionError(_, error)) => assert_eq!(&error, expected),
        Err(error) => panic!("{error}; expected {expected:?}"),
    }
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
