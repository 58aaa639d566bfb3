//! What actions are carried out with, and on which terms.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use lottery_client::{
    gateway::Gateway,
    sender::{Basis, Landed, Quote, SIGNATURE_FEE, Sender, Simulated, fees::Urgency},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::Key,
    error::ActionError,
    load::Loader,
    plan::Guard,
    telemetry::{self, Kind},
};

/// What a job may cost and how urgent it is.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What it is for.
    pub kind: Kind,
    /// Bounties of each action's steps, by its main key (lamports).
    pub incomes: BTreeMap<Key, Vec<u64>>,
    /// Whether it is done at any price: the operator asked for it.
    pub is_exempt: bool,
    pub urgency: Urgency,
    /// For the journal: which things the job holds (JSON).
    pub intent: String,
}

impl Terms {
    /// What these steps of each of these actions earn (lamports).
    fn income<'a>(&self, keys: impl IntoIterator<Item = &'a Key>, steps: Range<usize>) -> u64 {
        let incomes = keys.into_iter().filter_map(|key| self.incomes.get(key));
        let incomes = incomes.filter_map(|income| income.get(steps.clone()));
        let incomes = incomes.flatten();
        incomes.fold(0, |sum, income| sum.saturating_add(*income))
    }
}

/// One of the transactions that a job takes, one after the other.
#[derive(Debug, Default)]
pub struct Step {
    pub instructions: Vec<Instruction>,
    /// Which of the job's steps it does, as [`Till`](crate::plan::bounties::Till) counts
    /// them.
    pub steps: Range<usize>,
    /// What it builds on.
    pub basis: Basis,
    /// Who is told the slot as soon as it is processed.
    pub herald: Option<oneshot::Sender<u64>>,
}

/// What actions are carried out with.
#[derive(Clone)]
pub struct Context {
    pub loader: Loader,
    pub sender: Sender,
    pub gateway: Gateway,
    /// Pays fees and the rent of draws and lanes.
    pub payer: Arc<Keypair>,
    /// Create token accounts of players who are paid and have none.
    pub create_token_accounts: bool,
    pub guard: Guard,
    /// Cancelled when nothing new may be sent.
    pub stopping: CancellationToken,
    /// Of the job at hand.
    pub terms: Arc<Terms>,
}

impl Context {
    /// The same for a job on its own terms.
    pub fn on(&self, terms: Terms) -> Self {
        Self {
            terms: Arc::new(terms),
            ..self.clone()
        }
    }

    /// Sends the one transaction of a job and waits for its confirmation, unless the
    /// keeper is stopping or it does not pay.
    pub async fn send(&self, instructions: &[Instruction]) -> Result<Landed, ActionError> {
        let step = Step {
            instructions: instructions.to_vec(),
            steps: 0..1,
            ..Step::default()
        };
        self.send_step(step).await
    }

    /// As [`send`](Self::send), of a job that takes several transactions.
    pub async fn send_step(&self, step: Step) -> Result<Landed, ActionError> {
        let income = self.terms.income(self.terms.incomes.keys(), step.steps);
        let instructions = &step.instructions;
        let prepared = self.prepare(instructions, income, step.basis).await?;
        self.send_prepared(instructions, &prepared.1, income, step.herald)
            .await
    }

    /// What a batch of these members earns (lamports).
    pub fn income_of(&self, members: &[Key]) -> u64 {
        self.terms.income(members, 0..1)
    }

    /// What a transaction would do that earns so much (lamports), and what it would cost.
    pub async fn prepare(
        &self,
        instructions: &[Instruction],
        income: u64,
        basis: Basis,
    ) -> Result<(Simulated, Quote), ActionError> {
        if self.stopping.is_cancelled() {
            return Err(ActionError::Stopping);
        }
        // Rather a lower bid than none at all.
        let worth = self
            .guard
            .affords(income)
            .map(|it| it.saturating_sub(SIGNATURE_FEE));
        let urgency = Urgency {
            worth: worth.filter(|_| !self.terms.is_exempt),
            ..self.terms.urgency
        };
        let payer = self.payer_address();
        let prepared = self.sender.prepare(instructions, &payer, 0, urgency, basis);
        Ok(prepared.await?)
    }

    /// Sends what was just prepared and earns so much (lamports), if that pays; `herald`
    /// as [`Sender::send_heralded`] has it.
    pub async fn send_prepared(
        &self,
        instructions: &[Instruction],
        quote: &Quote,
        income: u64,
        herald: Option<oneshot::Sender<u64>>,
    ) -> Result<Landed, ActionError> {
        if self.stopping.is_cancelled() {
            return Err(ActionError::Stopping);
        }
        if !self.terms.is_exempt && !self.guard.allows(income, quote.fee) {
            return Err(ActionError::Unprofitable {
                fee: quote.fee,
                income,
            });
        }
        let intent = &self.terms.intent;
        let watch = telemetry::transaction(self.terms.kind, quote);
        let sent = self
            .sender
            .send_heralded(instructions, quote, &self.payer, &[], intent, herald);
        let end = sent.await;
        watch.ended(&end, income);
        Ok(end?)
    }

    /// Address of the fee payer.
    pub fn payer_address(&self) -> Pubkey {
        self.payer.pubkey()
    }
}
