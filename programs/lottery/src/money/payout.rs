use anchor_lang::{address_eq, find_program_address, prelude::*};
use spl_token_2022_interface::{
    extension::{memo_transfer::memo_required, PodStateWithExtensions},
    pod::PodAccount,
};

use super::{move_lamports, require_payable, Currency, Purse, TOKEN_ACCOUNT_LEN};
use crate::{error::LotteryError, switchboard::ASSOCIATED_TOKEN_PROGRAM};

/// A payment from a holder's purse to a wallet.
pub struct Payout {
    pub currency: Currency,
    pub purse: Purse,
    pub wallet: AccountView,
    /// The wallet's token account, of a token house.
    pub tokens: Option<AccountView>,
}

impl Payout {
    /// Refuses, before anything has changed, a payment that cannot be made or that
    /// the wallet would not want.
    pub fn check(&self, amount: u64, rent: &Rent) -> Result<()> {
        if amount == 0 {
            return Ok(());
        }
        let Some(mint) = self.currency.mint() else {
            return require_payable(&self.wallet, amount, rent);
        };
        require!(!self.wallet.executable(), LotteryError::PayoutToProgram);
        require!(!self.purse.is_frozen()?, LotteryError::VaultFrozen);
        let tokens = self.tokens.ok_or(LotteryError::TokenAccountsMissing)?;
        self.currency
            .require_account_of(&tokens, self.wallet.address())?;
        require!(!needs_memo(&tokens)?, LotteryError::TokenAccountNeedsMemo);
        // Whoever cranks may not pick a forgotten account of the wallet's; the
        // wallet itself may pick any of its own.
        require!(
            self.wallet.is_signer() || self.is_associated(&tokens, mint),
            LotteryError::TokenAccountNotAssociated
        );
        Ok(())
    }

    #[inline(never)]
    fn is_associated(&self, tokens: &AccountView, mint: &AccountView) -> bool {
        let Some(program) = self.currency.program() else {
            return false;
        };
        let seeds = [
            self.wallet.address().as_ref(),
            program.as_ref(),
            mint.address().as_ref(),
        ];
        let (address, _) = find_program_address(&seeds, &ASSOCIATED_TOKEN_PROGRAM);
        address_eq(&address, tokens.address())
    }

    /// Pays what was checked: tokens now, lamports with the other moves.
    pub fn pay(&self, amount: u64, moves: &mut Moves) -> Result<()> {
        if amount == 0 {
            return Ok(());
        }
        match &self.tokens {
            Some(tokens) if self.currency.mint().is_some() => {
                self.currency.disburse(&self.purse, tokens, amount)
            }
            _ => {
                moves.push(&self.purse.account, &self.wallet, amount);
                Ok(())
            }
        }
    }
}

/// Whether a token account refuses transfers without a memo: such a transfer would
/// fail where nothing can be done about it any more, and with it a whole batch.
#[inline(never)]
fn needs_memo(tokens: &AccountView) -> Result<bool> {
    if tokens.data_len() == TOKEN_ACCOUNT_LEN {
        return Ok(false);
    }
    let data = tokens.try_borrow()?;
    Ok(PodStateWithExtensions::<PodAccount>::unpack(&data)
        .is_ok_and(|account| memo_required(&account)))
}

/// Lamports to move once all other programs have been called: the runtime compares
/// the balances of the accounts that a call carries with those it knows, and
/// takes a transfer of which it sees one side for one that creates money.
#[derive(Default)]
pub struct Moves(Vec<(AccountView, AccountView, u64)>);

impl Moves {
    /// With room for so many.
    pub fn with_capacity(moves: usize) -> Self {
        Self(Vec::with_capacity(moves))
    }

    pub fn push(&mut self, from: &AccountView, to: &AccountView, amount: u64) {
        self.0.push((*from, *to, amount));
    }

    /// Lamports that will leave an account.
    pub fn pending(&self, from: &AccountView) -> u64 {
        self.0
            .iter()
            .filter(|(source, _, _)| address_eq(source.address(), from.address()))
            .fold(0, |sum, (_, _, amount)| amount.saturating_add(sum))
    }

    /// Makes them, in order.
    pub fn make(self) -> Result<()> {
        for (from, to, amount) in &self.0 {
            move_lamports(from, to, *amount)?;
        }
        Ok(())
    }
}
