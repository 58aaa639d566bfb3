//! What each instruction should do, written from the protocol's description and not
//! from the program.

mod draws;
mod games;
mod houses;
mod lanes;
mod money;
mod payments;

use solana_pubkey::Pubkey;

use super::{action::What, cast::ACTORS, ledger::Ledger, state::Model, why::Why};

/// Fee of a signature (lamports).
pub const FEE: u64 = 5_000;
/// Who has at least this pays the fees of own transactions (lamports).
const RICH: u64 = 1_000_000_000;

/// Results of a batch's operations, as its return data tells them; empty for
/// everything else.
pub type Codes = Vec<u32>;

impl Model {
    /// Who pays the fee of a transaction: who acts, or the sponsor for who cannot.
    pub fn fee_payer(&self, who: usize, what: &What) -> usize {
        let frozen_by_sponsor = matches!(what, What::Freeze { .. } | What::Thaw { .. });
        let rich = self.ledger.lamports(&self.cast.actor(who)) >= RICH;
        if rich && !frozen_by_sponsor {
            who
        } else {
            ACTORS
        }
    }

    /// What a transaction does, and whether it is refused. Refused or not, it costs
    /// its fee.
    pub fn send(&mut self, who: usize, what: &What) -> Result<Codes, Why> {
        let payer = self.fee_payer(who, what);
        let two = what.is_signed() && payer != who;
        let fee = if two { 2 * FEE } else { FEE };
        self.ledger.charge(self.cast.actor(payer), fee);
        let before = self.clone();
        let result = self
            .execute(self.cast.actor(who), who, what)
            .and_then(|codes| {
                self.ledger.require_rent_kept(&before.ledger)?;
                Ok(codes)
            });
        if result.is_err() {
            let known = std::mem::take(&mut self.ledger.known);
            *self = before;
            self.ledger.known = known;
        }
        result
    }

    fn execute(&mut self, key: Pubkey, who: usize, what: &What) -> Result<Codes, Why> {
        match what {
            What::CreateHouse { id, params } => self.create_house(key, *id, params)?,
            What::UpdateHouse { rules } => self.update_house(key, rules)?,
            What::SetPause { games, joins } => self.set_pause(key, *games, *joins)?,
            What::Propose { successor } => self.propose(key, *successor)?,
            What::Accept => self.accept(key)?,
            What::Withdraw { wallet, amount } => self.withdraw(key, *wallet, *amount)?,
            What::Fund { tier, amount } => self.fund(key, *tier, *amount)?,
            What::OpenLane { index } => self.open_lane(key, *index)?,
            What::CloseLane { index } => self.close_lane(key, *index)?,
            What::CreateGame { params } => self.create_game(key, params)?,
            What::Request {
                lane,
                oracle,
                games,
            } => self.request(key, *lane, *oracle, games)?,
            What::Reveal {
                draw,
                oracle,
                answer,
                value,
            } => {
                self.reveal(key, *draw, *oracle, *answer, *value)?;
            }
            What::Settle { draw, games } => self.settle(key, *draw, games)?,
            What::Abort { draw, games } => self.abort(key, *draw, games)?,
            What::SettleGame { game } => self.settle_game(*game)?,
            What::Cancel { game } => self.cancel(key, *game)?,
            What::Expire { game } => self.expire(key, *game)?,
            What::CloseGame { game, creator } => self.close_game(key, *game, *creator)?,
            What::Pay(payment) => self.pay_alone(key, payment)?,
            What::Batch {
                payments,
                all_or_nothing,
            } => {
                return self.batch(key, payments, *all_or_nothing);
            }
            What::Donate { to, lamports } => self.ledger.transfer(key, *to, *lamports)?,
            What::DonateTokens { to, amount } => self.donate_tokens(key, to, *amount)?,
            What::Freeze { account } => self.set_frozen(account, true)?,
            What::Thaw { account } => self.set_frozen(account, false)?,
            What::CreateAssociated { wallet } => self.create_associated(key, who, wallet)?,
        }
        Ok(Codes::new())
    }

    fn donate_tokens(&mut self, from: Pubkey, to: &Pubkey, amount: u64) -> Result<(), Why> {
        let Some(source) = self.cast.associated(&from) else {
            return Ok(());
        };
        self.ledger.transfer_tokens(&source, to, amount)
    }

    fn set_frozen(&mut self, account: &Pubkey, frozen: bool) -> Result<(), Why> {
        let tokens = self
            .ledger
            .tokens
            .get_mut(account)
            .ok_or(Why::NO_TOKEN_ACCOUNT)?;
        if tokens.frozen == frozen {
            // `InvalidState` of both token programs.
            return Err(Why::Code(13));
        }
        tokens.frozen = frozen;
        Ok(())
    }

    /// Paid for by who pays the fee.
    fn create_associated(&mut self, key: Pubkey, who: usize, wallet: &Pubkey) -> Result<(), Why> {
        let (Some(account), Some(token)) = (self.cast.associated(wallet), self.cast.token) else {
            return Ok(());
        };
        if self.ledger.tokens.contains_key(&account) {
            return Ok(());
        }
        let payer = if self.fee_payer(who, &What::Accept) == who {
            key
        } else {
            self.cast.actor(ACTORS)
        };
        self.ledger
            .create(payer, account, associated_bytes(&token.program))?;
        self.ledger.tokens.insert(account, Default::default());
        Ok(())
    }
}

/// Token-2022's associated accounts carry an extension that makes their owner fixed.
fn associated_bytes(program: &Pubkey) -> u64 {
    if *program == super::tokens::TOKEN_2022 {
        170
    } else {
        165
    }
}

impl Ledger {
    /// Moves that come after everything else of an instruction.
    fn make(&mut self, moves: Vec<(Pubkey, Pubkey, u64)>) -> Result<(), Why> {
        for (from, to, amount) in moves {
            self.move_lamports(from, to, amount)?;
        }
        Ok(())
    }
}
