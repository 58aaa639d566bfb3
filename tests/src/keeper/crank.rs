//! Carrying out what was planned, as the keeper does, and counting every lamport.

use litesvm::types::TransactionMetadata;
use lottery_client::{
    address,
    instruction::{self as ix, LaneKeys},
    sender::Format,
    token::create_associated,
};
use lottery_keeper::{
    actions::{Action, CloseGame, Push, RevealDraw},
    pack::instructions,
    plan::bounties::{Income, Till},
};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::{Instruction, error::InstructionError};
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

use super::story::Story;
use crate::{oracle::sign, refusal::Refusal};

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The oracle gave no value.
    NoAnswer,
    Refused(InstructionError),
}

/// Rent of token accounts that a transaction creates (lamports).
pub(super) type Created = u64;

impl Story {
    /// The transactions of an action that is done alone, sent by `payer`.
    pub fn transactions(&mut self, action: &Action, payer: Pubkey) -> Vec<Vec<Instruction>> {
        let one = match action {
            Action::SettleDraw(settle) => {
                let chunks = settle.chunks.iter();
                let chunks = chunks.map(|games| vec![settle.instruction(payer, games)]);
                return chunks.collect();
            }
            Action::AbortDraw(abort) => {
                let chunks = abort.chunks.iter();
                let chunks = chunks.map(|games| vec![abort.instruction(payer, games)]);
                return chunks.collect();
            }
            Action::RevealDraw(reveal) => return self.reveal_and_settle(reveal, payer),
            Action::RequestDraw(request) => request.instruction(payer),
            Action::CancelGame(cancel) => ix::cancel_game(payer, cancel.game.address),
            Action::SettleGame(settle) => {
                ix::settle_game(settle.house, settle.game.address, settle.token)
            }
            Action::ExpirePrizes(expire) => {
                ix::expire_prizes(payer, expire.house, expire.game.address, expire.token)
            }
            Action::CloseGame(close) => return vec![self.close_game(close, payer)],
            Action::OpenLane(open) => {
                let slot = self.world.slot() - 1;
                ix::open_lane(payer, open.house, open.queue, open.index, slot)
            }
            Action::ClaimJackpot(_)
            | Action::Claim(_)
            | Action::Refund(_)
            | Action::CloseEntry(_) => panic!("goes into a batch: {action}"),
        };
        vec![vec![one]]
    }

    /// Does one action that is done alone.
    pub fn act(&mut self, action: &Action, till: &mut Till) -> Outcome {
        match action {
            Action::AbortDraw(abort) => {
                if let Some(reveal) = &abort.last_chance
                    && self.answers(reveal)
                {
                    return self.act(&Action::RevealDraw(reveal.clone()), till);
                }
            }
            Action::RevealDraw(reveal) if !self.answers(reveal) => return Outcome::NoAnswer,
            _ => {}
        }
        let payer = self.cranker.pubkey();
        let transactions = self.transactions(action, payer);
        let mut incomes = till.take(action);
        if let Action::RevealDraw(reveal) = action {
            let alone = incomes[0];
            if reveal.settlement.is_some() {
                let first = incomes.remove(1);
                incomes[0].bounty += first.bounty;
                incomes[0].returned += first.returned;
            }
            // As the keeper does, where a game is to blame.
            let all = &transactions[0];
            if all.len() > 1 && self.simulate(all).is_err() {
                self.coverage.note("reveal draw, without its games");
                return match self.crank(&all[..1], alone, 0) {
                    Ok(_) => Outcome::Done,
                    Err(error) => Outcome::Refused(instruction_error(error)),
                };
            }
        }
        assert_eq!(incomes.len(), transactions.len(), "{action}");
        for (instructions, mut income) in transactions.iter().zip(incomes) {
            let created = self.rent_of_new_accounts(action);
            if draw_payer(action).is_some_and(|owner| owner != payer) {
                income.returned = 0;
            }
            if let Err(error) = self.crank(instructions, income, created) {
                return Outcome::Refused(instruction_error(error));
            }
        }
        self.coverage.note(name(action));
        self.note_special(action);
        Outcome::Done
    }

    /// Somebody else does what the keeper has planned, a moment before it.
    pub fn forestall(&mut self, job: &[Action]) {
        let rival = self.world.authority.insecure_clone();
        let transactions = match job {
            [Action::RevealDraw(reveal)] if !self.answers(reveal) => return,
            // Not everybody settles with the value.
            [Action::RevealDraw(reveal)] if self.chance.one_in(2) => {
                vec![vec![self.reveal(reveal, rival.pubkey())]]
            }
            [action] if action.push().is_none() => self.transactions(action, rival.pubkey()),
            _ => {
                let missing = self.missing_accounts(job);
                let pushes: Vec<Push> = job.iter().filter_map(Action::push).collect();
                let is_missing = |account: &Pubkey| missing.contains(account);
                vec![instructions(&pushes, &rival.pubkey(), is_missing).unwrap()]
            }
        };
        for instructions in transactions {
            let limit = ComputeBudgetInstruction::set_compute_unit_limit(1_400_000);
            let all: Vec<Instruction> = [limit].into_iter().chain(instructions).collect();
            // Refused for the reasons that the keeper would be refused for.
            let sent = self.world.send(&all, &rival, &[]).is_ok();
            self.note(format!("forestalled: {sent} {job:?}"));
            if sent {
                self.coverage.note("(forestalled)");
            }
        }
    }

    /// As the keeper closes games: donated tokens need an account.
    fn close_game(&self, close: &CloseGame, payer: Pubkey) -> Vec<Instruction> {
        let create = close
            .token
            .filter(|_| self.creates_account_of_creator(close));
        let create = create.map(|token| create_associated(payer, close.creator, token));
        let game = close.game.address;
        let close = ix::close_game(payer, game, close.creator, close.token);
        create.into_iter().chain([close]).collect()
    }

    fn creates_account_of_creator(&self, close: &CloseGame) -> bool {
        let Some(token) = close.token.filter(|_| self.creates_accounts) else {
            return false;
        };
        let vault = address::vault(&close.game.address);
        self.world.tokens_in(&vault) > 0 && self.world.is_gone(&token.associated(&close.creator))
    }

    fn rent_of_new_accounts(&self, action: &Action) -> Created {
        match action {
            Action::CloseGame(close) if self.creates_account_of_creator(close) => {
                let token = close.token.unwrap();
                let bytes = if token == self.tokens[1] { 170 } else { 165 };
                let held = self.world.lamports(&token.associated(&close.creator));
                self.world.rent(bytes).saturating_sub(held)
            }
            _ => 0,
        }
    }

    fn position(&self, oracle: &Pubkey) -> usize {
        let mut oracles = self.world.oracles.iter();
        oracles
            .position(|known| known.account.pubkey() == *oracle)
            .expect("of the queue")
    }

    /// Whether the oracle of a draw answers.
    pub fn answers(&self, reveal: &RevealDraw) -> bool {
        self.moods[self.position(&reveal.oracle)].answers
    }

    fn reveal_and_settle(&mut self, reveal: &RevealDraw, payer: Pubkey) -> Vec<Vec<Instruction>> {
        let mut transactions = vec![vec![self.reveal(reveal, payer)]];
        let Some(settlement) = &reveal.settlement else {
            return transactions;
        };
        let settle = |games| settlement.instruction(payer, games);
        let games = reveal.games_at_once();
        if !games.is_empty() {
            transactions[0].push(settle(games));
        }
        let rest = settlement.chunks.iter().skip(1);
        transactions.extend(rest.map(|games| vec![settle(games)]));
        transactions
    }

    fn reveal(&mut self, reveal: &RevealDraw, payer: Pubkey) -> Instruction {
        let randomness = address::randomness(&reveal.lane());
        let data = self.world.account(&randomness).data;
        let commitment = lottery::switchboard::parse_randomness(&data).unwrap();
        let revelation = sign(
            &self.world.oracles[self.position(&reveal.oracle)].key,
            &randomness,
            &commitment.seed_slothash,
            commitment.seed_slot,
            self.chance.bytes(),
        );
        let keys = LaneKeys {
            house: reveal.house,
            queue: reveal.queue,
            index: reveal.lane_index,
        };
        ix::reveal_draw(payer, keys, reveal.draw_id, reveal.oracle, &revelation)
    }

    fn transaction(&mut self, instructions: &[Instruction]) -> Transaction {
        let payer = self.cranker.pubkey();
        assert!(Format::Legacy.fits(instructions, &payer));
        // As the keeper sends it: with a limit and a price.
        let mut all = vec![
            ComputeBudgetInstruction::set_compute_unit_limit(1_400_000),
            ComputeBudgetInstruction::set_compute_unit_price(1_000),
        ];
        all.extend_from_slice(instructions);
        self.world.svm.expire_blockhash();
        let blockhash = self.world.svm.latest_blockhash();
        Transaction::new_unsigned(Message::new_with_blockhash(&all, Some(&payer), &blockhash))
    }

    /// What a batch would return.
    pub(super) fn simulate(&mut self, instructions: &[Instruction]) -> Result<Vec<u8>, Refusal> {
        let transaction = self.transaction(instructions);
        match self.world.svm.simulate_transaction(transaction) {
            Ok(simulated) => Ok(simulated.meta.return_data.data),
            Err(failed) => Err(failed.err),
        }
    }

    /// Sends a transaction of the keeper's, which earns exactly this.
    pub(super) fn crank(
        &mut self,
        instructions: &[Instruction],
        income: Income,
        created: Created,
    ) -> Result<TransactionMetadata, Refusal> {
        let transaction = self.transaction(instructions);
        let key = self.cranker.pubkey();
        let before = i128::from(self.world.lamports(&key));
        let sent = self.world.svm.send_transaction(transaction);
        let after = i128::from(self.world.lamports(&key));
        match sent {
            Ok(meta) => {
                let earned = i128::from(income.bounty) + i128::from(income.returned);
                let paid = i128::from(income.locked) + i128::from(income.spent);
                let paid = paid + i128::from(created) + i128::from(meta.fee);
                assert_eq!(
                    after - before,
                    earned - paid,
                    "{income:?} {created} {}",
                    meta.fee
                );
                Ok(meta)
            }
            Err(failed) => {
                assert_eq!(before - after, i128::from(failed.meta.fee));
                Err(failed.err)
            }
        }
    }

    /// Counts what is rare.
    fn note_special(&mut self, action: &Action) {
        match action {
            Action::SettleDraw(settle) if settle.chunks.len() > 1 => {
                self.coverage.note("settle draw, in several transactions");
            }
            Action::RevealDraw(reveal) => {
                let chunks = reveal.settlement.as_ref().map_or(0, |it| it.chunks.len());
                if !reveal.games_at_once().is_empty() {
                    self.coverage.note("reveal draw, and settle");
                }
                if chunks > 1 {
                    self.coverage
                        .note("reveal draw, and settle in several transactions");
                }
            }
            Action::AbortDraw(abort) => {
                if abort.chunks.len() > 1 {
                    self.coverage.note("abort draw, in several transactions");
                }
                for game in abort.games() {
                    let game = self.world.game(&game.address);
                    if game.is(lottery::state::GameStatus::Cancelled) {
                        self.coverage.note("abort draw, game cancelled");
                    }
                }
            }
            Action::RequestDraw(request) if request.games.len() > 1 => {
                self.coverage.note("request draw, of several games");
            }
            _ => {}
        }
    }
}

/// The action's name, for the table of what was covered.
pub fn name(action: &Action) -> &'static str {
    match action {
        Action::SettleDraw(_) => "settle draw",
        Action::AbortDraw(_) => "abort draw",
        Action::RevealDraw(_) => "reveal draw",
        Action::RequestDraw(_) => "request draw",
        Action::CancelGame(_) => "cancel game",
        Action::SettleGame(_) => "settle game",
        Action::ExpirePrizes(_) => "expire prizes",
        Action::OpenLane(_) => "open lane",
        Action::CloseGame(_) => "close game",
        Action::ClaimJackpot(_) => "claim jackpot",
        Action::Claim(_) => "claim",
        Action::Refund(_) => "refund",
        Action::CloseEntry(_) => "close entry",
    }
}

/// Every action there is.
pub const NAMES: [&str; 13] = [
    "settle draw",
    "abort draw",
    "reveal draw",
    "request draw",
    "cancel game",
    "settle game",
    "expire prizes",
    "open lane",
    "close game",
    "claim jackpot",
    "claim",
    "refund",
    "close entry",
];

pub(super) fn instruction_error(error: TransactionError) -> InstructionError {
    match error {
        TransactionError::InstructionError(_, error) => error,
        other => panic!("no instruction's refusal: {other}"),
    }
}

/// Who paid for the draw that the action may end.
fn draw_payer(action: &Action) -> Option<Pubkey> {
    match action {
        Action::SettleDraw(settle) => Some(settle.draw_payer),
        Action::RevealDraw(reveal) => reveal.settlement.as_ref().map(|it| it.draw_payer),
        Action::AbortDraw(abort) => Some(abort.draw_payer),
        _ => None,
    }
}
