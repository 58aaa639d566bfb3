//! A VM with the program loaded, one queue and two oracles whose keys we hold.

use anchor_lang::prelude::Address;
use k256::ecdsa::SigningKey;
use litesvm::LiteSVM;
use randomness_stand_in::{
    addresses, client,
    client::{NewOracle, Revelation},
    layout::{self, OracleAccountData, QueueAccountData, RandomnessAccountData},
    signature::reveal_message,
    StandInError,
};
use solana_account::Account;
use solana_instruction::{error::InstructionError, Instruction};
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer as _;
use solana_slot_hashes::SlotHashes;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

/// The slot the tests start in.
pub const SLOT: u64 = 1_000;
/// The hash of the slot before it.
pub const SLOT_HASH: [u8; 32] = [42; 32];
/// When the oracles' attestation expires, in Unix seconds.
pub const VALID_UNTIL: i64 = i64::MAX;

const SOL: u64 = 1_000_000_000;
const WRAPPED_SOL_DECIMALS: u8 = 9;

pub struct Oracle {
    pub account: Keypair,
    pub key: SigningKey,
}

pub struct World {
    pub svm: LiteSVM,
    pub payer: Keypair,
    pub authority: Keypair,
    pub queue: Keypair,
    pub oracles: [Oracle; 2],
    pub randomness: Keypair,
}

/// 64 bytes, x ‖ y, of a secp256k1 key.
pub fn public_key(key: &SigningKey) -> [u8; 64] {
    let point = key.verifying_key().to_encoded_point(false);
    point.as_bytes()[1..].try_into().unwrap()
}

/// A signature of what the oracle would answer for this commitment.
pub fn sign(
    key: &SigningKey,
    randomness: &Address,
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

impl World {
    pub fn new() -> Self {
        let mut svm = LiteSVM::new();
        let program = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../target/deploy/randomness_stand_in.so"
        );
        svm.add_program_from_file(randomness_stand_in::ID, program)
            .expect("scripts/build-programs randomness-stand-in comes first");
        add_wrapped_sol(&mut svm);
        let key = |byte| SigningKey::from_bytes(&[byte; 32].into()).unwrap();
        let oracle = |byte| Oracle {
            account: Keypair::new(),
            key: key(byte),
        };
        let mut world = Self {
            svm,
            payer: Keypair::new(),
            authority: Keypair::new(),
            queue: Keypair::new(),
            oracles: [oracle(1), oracle(2)],
            randomness: Keypair::new(),
        };
        world.set_slot(SLOT, SLOT_HASH);
        for funded in [&world.payer, &world.authority] {
            world.svm.airdrop(&funded.pubkey(), 100 * SOL).unwrap();
        }
        let state = client::state_init(world.payer.pubkey());
        world.send(&[state], &[]).unwrap();
        let queue = world.queue.insecure_clone();
        world.make_queue(&queue).unwrap();
        for n in 0..world.oracles.len() {
            world.make_oracle(n).unwrap();
        }
        world
    }

    /// Enters a slot; the newest entry of SlotHashes is the slot before it.
    pub fn set_slot(&mut self, slot: u64, previous_hash: [u8; 32]) {
        self.svm.warp_to_slot(slot);
        let hashes = SlotHashes::new(&[(slot - 1, previous_hash.into())]);
        self.svm.set_sysvar(&hashes);
        self.svm.expire_blockhash();
    }

    pub fn make_queue(&mut self, queue: &Keypair) -> Result<(), TransactionError> {
        let payer = self.payer.pubkey();
        let rent = self.rent(layout::QUEUE_LEN);
        self.send(
            &[
                client::allocate::<QueueAccountData>(&payer, &queue.pubkey(), rent),
                client::queue_init(queue.pubkey(), payer),
            ],
            &[queue],
        )
    }

    pub fn make_oracle(&mut self, n: usize) -> Result<(), TransactionError> {
        let payer = self.payer.pubkey();
        let rent = self.rent(layout::ORACLE_LEN);
        let account = self.oracles[n].account.insecure_clone();
        let new = NewOracle {
            secp256k1_key: public_key(&self.oracles[n].key),
            gateway_uri: client::gateway_uri(&format!("http://127.0.0.1:9999/{n}")).unwrap(),
            valid_until: VALID_UNTIL,
        };
        self.send(
            &[
                client::allocate::<OracleAccountData>(&payer, &account.pubkey(), rent),
                client::oracle_init(account.pubkey(), self.queue.pubkey(), payer, &new),
            ],
            &[&account],
        )
    }

    pub fn rent(&self, bytes: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(bytes)
    }

    /// Creates the world's randomness account.
    pub fn init(&mut self) -> Result<(), TransactionError> {
        let (randomness, authority) = self.keys();
        let ix = client::randomness_init(
            randomness.pubkey(),
            authority.pubkey(),
            self.payer.pubkey(),
            self.queue.pubkey(),
            SLOT - 1,
        );
        self.send(&[ix], &[&randomness, &authority])
    }

    pub fn commit_ix(&self, oracle: usize) -> Instruction {
        client::randomness_commit(
            self.randomness.pubkey(),
            self.authority.pubkey(),
            self.queue.pubkey(),
            self.oracles[oracle].account.pubkey(),
        )
    }

    pub fn commit(&mut self, oracle: usize) -> Result<(), TransactionError> {
        let ix = self.commit_ix(oracle);
        let authority = self.authority.insecure_clone();
        self.send(&[ix], &[&authority])
    }

    /// What the oracle answers for the commit made in the first slot.
    pub fn answer(&self, oracle: usize, value: [u8; 32]) -> Revelation {
        let key = &self.oracles[oracle].key;
        sign(key, &self.randomness.pubkey(), &SLOT_HASH, SLOT - 1, value)
    }

    pub fn reveal_ix(&self, oracle: usize, revelation: &Revelation) -> Instruction {
        client::randomness_reveal(
            self.randomness.pubkey(),
            self.authority.pubkey(),
            self.queue.pubkey(),
            self.oracles[oracle].account.pubkey(),
            revelation,
        )
    }

    pub fn reveal(
        &mut self,
        oracle: usize,
        revelation: &Revelation,
    ) -> Result<(), TransactionError> {
        let ix = self.reveal_ix(oracle, revelation);
        let authority = self.authority.insecure_clone();
        self.send(&[ix], &[&authority])
    }

    fn keys(&self) -> (Keypair, Keypair) {
        (
            self.randomness.insecure_clone(),
            self.authority.insecure_clone(),
        )
    }

    pub fn send(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<(), TransactionError> {
        // A new blockhash each time, so that the same call twice is two transactions.
        self.svm.expire_blockhash();
        let message = Message::new(instructions, Some(&self.payer.pubkey()));
        let payer = self.payer.insecure_clone();
        let signers: Vec<_> = [&payer]
            .into_iter()
            .chain(signers.iter().copied())
            .collect();
        let transaction = Transaction::new(&signers, message, self.svm.latest_blockhash());
        match self.svm.send_transaction(transaction) {
            Ok(_) => Ok(()),
            Err(failed) => {
                println!("{:?}: {:#?}", failed.err, failed.meta.logs);
                Err(failed.err)
            }
        }
    }

    pub fn stored(&self) -> RandomnessAccountData {
        let account = self.svm.get_account(&self.randomness.pubkey()).unwrap();
        layout::parse(&account.data).unwrap()
    }
}

/// That a transaction was refused with this error by its instruction `index`.
#[track_caller]
pub fn assert_refused_at(index: u8, result: Result<(), TransactionError>, refusal: StandInError) {
    assert_eq!(
        result,
        Err(TransactionError::InstructionError(
            index,
            InstructionError::Custom(refusal.code())
        ))
    );
}

/// That a transaction of one instruction was refused with this error.
#[track_caller]
pub fn assert_refused(result: Result<(), TransactionError>, refusal: StandInError) {
    assert_refused_at(0, result, refusal);
}

/// The mint of wrapped SOL, which every cluster has and LiteSVM has not.
fn add_wrapped_sol(svm: &mut LiteSVM) {
    // No authority (4 + 32), supply 0 (8), decimals, initialized, no freeze authority.
    let mut data = vec![0; 82];
    data[44] = WRAPPED_SOL_DECIMALS;
    data[45] = 1;
    let account = Account {
        lamports: svm.minimum_balance_for_rent_exemption(data.len()),
        data,
        owner: addresses::TOKEN_PROGRAM,
        executable: false,
        rent_epoch: u64::MAX,
    };
    svm.set_account(addresses::WRAPPED_SOL, account).unwrap();
}
