//! Two VMs: the lottery in one, in the other the program written by hand.

use litesvm::LiteSVM;
use lottery::state::HouseParams;
use lottery_client::sender::packed_size;
use solana_account::Account;
use solana_clock::Clock;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_transaction_error::TransactionError;

use super::{Batch, Cost, Shape};
use crate::world::World;

/// What the baseline fails with where it has no such instruction.
const UNWRITTEN: TransactionError =
    TransactionError::InstructionError(1, InstructionError::Custom(1));

const COMPUTE_BUDGET: Pubkey =
    solana_pubkey::pubkey!("ComputeBudget111111111111111111111111111111");
/// Compute units of the instruction that asks for a limit.
const LIMIT_COST: u64 = 150;

/// Measures instructions in both.
pub struct Pair {
    pub world: World,
    baseline: World,
    costs: Vec<Cost>,
}

impl Pair {
    pub fn new(world: World) -> Self {
        Self {
            world,
            baseline: World::with_program("lottery_baseline.so"),
            costs: Vec::new(),
        }
    }

    pub fn with_house(vary: impl FnOnce(&mut HouseParams)) -> Self {
        Self::new(World::with_house(vary))
    }

    pub fn costs(self) -> Vec<Cost> {
        self.costs
    }

    /// Runs an instruction at the authority's expense.
    pub fn crank(&mut self, name: &str, instruction: Instruction) {
        let authority = self.world.authority.insecure_clone();
        self.send(name, instruction, &authority);
    }

    pub fn send(&mut self, name: &str, instruction: Instruction, payer: &Keypair) {
        self.measure(name, None, instruction, payer);
    }

    /// Runs a batch.
    pub fn batch(&mut self, batch: Batch, instruction: Instruction, payer: &Keypair) {
        let name = format!("player_batch ({} × {})", batch.items, batch.what);
        self.measure(&name, Some(batch), instruction, payer);
    }

    /// Runs an instruction on the baseline, with the accounts as they are here, then
    /// here, and compares everything that came of it.
    fn measure(
        &mut self,
        name: &str,
        batch: Option<Batch>,
        instruction: Instruction,
        payer: &Keypair,
    ) {
        let mut data = vec![2];
        data.extend_from_slice(&1_400_000u32.to_le_bytes());
        let limit = Instruction::new_with_bytes(COMPUTE_BUDGET, &data, Vec::new());
        let bytes = packed_size(std::slice::from_ref(&instruction), &payer.pubkey());
        let instructions = [limit, instruction];
        let message = Message::new(&instructions, Some(&payer.pubkey()));
        self.copy(&message.account_keys);
        let loaded = loaded_bytes(&self.world.svm, &message.account_keys);

        let by_hand = match self.baseline.send(&instructions, payer, &[]) {
            Ok(meta) => Some(meta),
            Err(error) if error == UNWRITTEN => None,
            Err(error) => panic!("{name}, by hand: {error}"),
        };
        let meta = self
            .world
            .send(&instructions, payer, &[])
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        if let Some(by_hand) = &by_hand {
            assert_eq!(
                meta.inner_instructions, by_hand.inner_instructions,
                "{name}: the same calls and events"
            );
            assert_eq!(meta.return_data, by_hand.return_data, "{name}: return data");
            self.assert_same(name, &message.account_keys);
        }
        let header = message.header;
        let read_only = usize::from(
            header.num_readonly_signed_accounts + header.num_readonly_unsigned_accounts,
        );
        // The limit's own program is locked too, and stays.
        let shape = Shape {
            bytes,
            accounts: message.account_keys.len(),
            writable: message.account_keys.len() - read_only,
            signatures: header.num_required_signatures.into(),
            data: instructions.iter().map(|i| i.data.len()).sum(),
            loaded,
        };
        self.costs.push(Cost {
            instruction: name.to_owned(),
            compute_units: meta.compute_units_consumed - LIMIT_COST,
            baseline: by_hand.map(|meta| meta.compute_units_consumed - LIMIT_COST),
            shape,
            batch,
        });
    }

    /// Brings accounts and time of the baseline's VM to those of the world's.
    fn copy(&mut self, addresses: &[Pubkey]) {
        for address in addresses {
            let account = self.world.svm.get_account(address).unwrap_or_default();
            if !account.executable {
                self.baseline.svm.set_account(*address, account).unwrap();
            }
        }
        let clock: Clock = self.world.svm.get_sysvar();
        self.baseline.set_clock(clock.slot, clock.unix_timestamp);
    }

    fn assert_same(&self, name: &str, addresses: &[Pubkey]) {
        for address in addresses {
            let ours = state(&self.world.svm, address);
            let by_hand = state(&self.baseline.svm, address);
            assert!(
                ours.lamports == by_hand.lamports && ours.owner == by_hand.owner,
                "{name}: {address} has {} lamports, by hand {}",
                ours.lamports,
                by_hand.lamports
            );
            let differs = ours
                .data
                .iter()
                .zip(&by_hand.data)
                .position(|(a, b)| a != b);
            assert!(
                ours.data.len() == by_hand.data.len() && differs.is_none(),
                "{name}: {address} differs at byte {differs:?}"
            );
        }
    }
}

/// An account; of one that is gone nothing counts.
fn state(svm: &LiteSVM, address: &Pubkey) -> Account {
    svm.get_account(address)
        .filter(|account| account.lamports > 0)
        .unwrap_or_default()
}

/// Bytes that a transaction loads: of all its accounts, and of what its programs are
/// kept in.
fn loaded_bytes(svm: &LiteSVM, addresses: &[Pubkey]) -> usize {
    /// Kind and address: what an upgradeable program's own account holds.
    const PROGRAM_LEN: usize = 36;
    addresses
        .iter()
        .filter_map(|address| svm.get_account(address))
        .map(|account| {
            let code = (account.executable && account.data.len() == PROGRAM_LEN)
                .then(|| Pubkey::try_from(&account.data[4..]).ok())
                .flatten()
                .and_then(|address| svm.get_account(&address));
            account.data.len() + code.map_or(0, |code| code.data.len())
        })
        .sum()
}
