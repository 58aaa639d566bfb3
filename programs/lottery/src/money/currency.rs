use anchor_lang::{
    address_eq,
    pinocchio::instruction::InstructionAccount,
    prelude::*,
    programs::{Token, Token2022},
    unchecked_invoke_signed_fixed, CpiHandle,
};
use anchor_spl::token_interface::TokenAccount;

use super::{is_native, move_lamports, PdaSigner, Purse, Vault};
use crate::error::LotteryError;

/// What an instruction in a token house names after its own accounts: the mint, the
/// token program that owns it, then the vaults and wallets' token accounts that
/// [`Self::get`] counts. Houses that play for native SOL name none, or none that is
/// looked at. As Anchor's optional accounts they would cost a tenth of a join even where
/// they are absent.
#[derive(Clone, Copy)]
pub struct TokenAccounts<'a>(pub &'a [AccountView]);

impl<'a> TokenAccounts<'a> {
    /// Those of a house that plays for native SOL.
    pub const NONE: Self = Self(&[]);
    /// How many come before those that [`Self::get`] counts.
    pub const FIXED: usize = 2;

    /// Mint of the house.
    pub fn mint(&self) -> Option<&'a AccountView> {
        self.at(0)
    }

    /// SPL Token or Token-2022, whichever owns the mint.
    fn program(&self) -> Option<&'a AccountView> {
        self.at(1)
    }

    /// One of the vaults and token accounts.
    pub fn get(&self, index: usize) -> Option<&'a AccountView> {
        self.at(index.wrapping_add(Self::FIXED))
    }

    /// Clients that fill in optional accounts put the program in the place of one that is
    /// absent.
    fn at(&self, index: usize) -> Option<&'a AccountView> {
        let account = self.0.get(index);
        account.filter(|account| !address_eq(account.address(), &crate::ID))
    }
}

/// How a house's money moves.
#[derive(Clone, Copy)]
pub struct Currency(Option<TokenKind>);

/// A mint, and the program it belongs to.
#[derive(Clone, Copy)]
struct TokenKind {
    program: AccountView,
    mint: AccountView,
    decimals: u8,
}

/// A transfer of tokens.
struct Route<'a> {
    from: &'a AccountView,
    to: &'a AccountView,
    authority: &'a AccountView,
    /// Of an authority that is an account of this program.
    signer: Option<&'a PdaSigner>,
}

impl Purse {
    fn route<'a>(&'a self, from: &'a Vault, to: &'a AccountView) -> Route<'a> {
        Route {
            from: &from.account,
            to,
            authority: &self.account,
            signer: Some(&from.signer),
        }
    }
}

/// Instructions of both token programs.
const TRANSFER_CHECKED: u8 = 12;
const CLOSE_ACCOUNT: u8 = 9;
const INITIALIZE_ACCOUNT_3: u8 = 18;

/// Bytes of a token account without extensions; admitted mints require none.
pub const TOKEN_ACCOUNT_LEN: usize = core::mem::size_of::<TokenAccount>();

// Where both programs keep what is read here (spl-token-interface, `state.rs`).
const ACCOUNT_MINT: usize = 0;
const ACCOUNT_OWNER: usize = 32;
const ACCOUNT_AMOUNT: usize = 64;
const ACCOUNT_STATE: usize = 108;
const STATE_INITIALIZED: u8 = 1;
const STATE_FROZEN: u8 = 2;
const MINT_DECIMALS: usize = 44;
const MINT_LEN: usize = 82;

impl Currency {
    /// That of a holder, or house, with this vault, or mint.
    #[inline(always)]
    pub fn of(vault_or_mint: &Address, accounts: TokenAccounts) -> Result<Self> {
        if is_native(vault_or_mint) {
            return Ok(Self(None));
        }
        let (Some(mint), Some(program)) = (accounts.mint(), accounts.program()) else {
            return Err(LotteryError::TokenAccountsMissing.into());
        };
        Self::token(mint, program)
    }

    /// That of a mint.
    pub fn token(mint: &AccountView, program: &AccountView) -> Result<Self> {
        require!(is_token_program(program), LotteryError::TokenProgram);
        require!(
            mint.owned_by(program.address()) && mint.data_len() >= MINT_LEN,
            LotteryError::Mint
        );
        let data = mint.try_borrow()?;
        let decimals = *data.get(MINT_DECIMALS).ok_or(LotteryError::Mint)?;
        Ok(Self(Some(TokenKind {
            program: *program,
            mint: *mint,
            decimals,
        })))
    }

    /// Native SOL.
    pub fn is_native(&self) -> bool {
        self.0.is_none()
    }

    /// The mint, of a token.
    pub fn mint(&self) -> Option<&AccountView> {
        self.0.as_ref().map(|token| &token.mint)
    }

    /// Moves money between holders.
    #[inline(always)]
    pub fn transfer(&self, from: &Purse, to: &Purse, amount: u64) -> Result<()> {
        if amount == 0 {
            return Ok(());
        }
        let Some(token) = &self.0 else {
            return move_lamports(&from.account, &to.account, amount);
        };
        let vaults = from.vault.as_ref().zip(to.vault.as_ref());
        let (from_vault, to_vault) = vaults.ok_or(LotteryError::TokenAccountsMissing)?;
        token.transfer(&from.route(from_vault, &to_vault.account), amount);
        Ok(())
    }

    /// Takes tokens from a signing wallet's token account.
    pub fn collect(
        &self,
        source: Option<&AccountView>,
        wallet: &AccountView,
        to: &Purse,
        amount: u64,
    ) -> Result<()> {
        let (Some(token), Some(source), Some(vault)) = (&self.0, source, &to.vault) else {
            return Err(LotteryError::TokenAccountsMissing.into());
        };
        require!(source.is_writable(), ErrorCode::ConstraintMut);
        let route = Route {
            from: source,
            to: &vault.account,
            authority: wallet,
            signer: None,
        };
        token.transfer(&route, amount);
        Ok(())
    }

    /// Pays tokens out to a token account that was checked to be the wallet's.
    #[inline(never)]
    pub fn disburse(&self, from: &Purse, to: &AccountView, amount: u64) -> Result<()> {
        let (Some(token), Some(vault)) = (&self.0, &from.vault) else {
            return Err(LotteryError::TokenAccountsMissing.into());
        };
        token.transfer(&from.route(vault, to), amount);
        Ok(())
    }

    /// Closes an empty vault; its rent goes to `wallet`.
    #[inline(never)]
    pub fn close_vault(&self, purse: &Purse, wallet: &AccountView) -> Result<()> {
        let (Some(token), Some(vault)) = (&self.0, &purse.vault) else {
            return Ok(());
        };
        let metas = [
            InstructionAccount::writable(vault.account.address()),
            InstructionAccount::writable(wallet.address()),
            InstructionAccount::readonly_signer(purse.account.address()),
        ];
        let handles = [
            CpiHandle::readonly(&vault.account),
            CpiHandle::readonly(wallet),
            CpiHandle::readonly(&purse.account),
        ];
        unchecked_invoke_signed_fixed(
            token.program.address(),
            &[CLOSE_ACCOUNT],
            &metas,
            &handles,
            &[&vault.signer.seeds()],
        );
        Ok(())
    }

    /// Makes a created account the vault of `holder`.
    pub fn initialize_vault(&self, vault: &AccountView, holder: &Address) -> Result<()> {
        let Some(token) = &self.0 else {
            return Err(LotteryError::TokenAccountsMissing.into());
        };
        let mut data = [0; 33];
        data[0] = INITIALIZE_ACCOUNT_3;
        data[1..].copy_from_slice(holder.as_ref());
        let metas = [
            InstructionAccount::writable(vault.address()),
            InstructionAccount::readonly(token.mint.address()),
        ];
        let handles = [CpiHandle::readonly(vault), CpiHandle::readonly(&token.mint)];
        unchecked_invoke_signed_fixed(token.program.address(), &data, &metas, &handles, &[]);
        Ok(())
    }

    /// The program of the token.
    pub fn program(&self) -> Option<&Address> {
        self.0.as_ref().map(|token| token.program.address())
    }
}

impl TokenKind {
    /// `TransferChecked`: the token program checks both accounts' mint, so neither a
    /// vault nor a wallet's account of another token gets through.
    #[inline(never)]
    fn transfer(&self, route: &Route, amount: u64) {
        let Route {
            from,
            to,
            authority,
            signer,
        } = *route;
        let mut data = [0; 10];
        data[0] = TRANSFER_CHECKED;
        data[1..9].copy_from_slice(&amount.to_le_bytes());
        data[9] = self.decimals;
        let metas = [
            InstructionAccount::writable(from.address()),
            InstructionAccount::readonly(self.mint.address()),
            InstructionAccount::writable(to.address()),
            InstructionAccount::readonly_signer(authority.address()),
        ];
        let handles = [
            CpiHandle::readonly(from),
            CpiHandle::readonly(&self.mint),
            CpiHandle::readonly(to),
            CpiHandle::readonly(authority),
        ];
        let program = self.program.address();
        match signer {
            Some(signer) => {
                unchecked_invoke_signed_fixed(program, &data, &metas, &handles, &[&signer.seeds()])
            }
            None => unchecked_invoke_signed_fixed(program, &data, &metas, &handles, &[]),
        }
    }
}

fn is_token_program(program: &AccountView) -> bool {
    address_eq(program.address(), &Token::id()) || address_eq(program.address(), &Token2022::id())
}

/// Tokens in a token account.
#[inline(never)]
pub fn token_amount(account: &AccountView) -> Result<u64> {
    let data = account.try_borrow()?;
    let bytes = data
        .get(ACCOUNT_AMOUNT..ACCOUNT_AMOUNT + 8)
        .ok_or(LotteryError::TokenAccount)?;
    let mut amount = [0; 8];
    amount.copy_from_slice(bytes);
    Ok(u64::from_le_bytes(amount))
}

/// Whether a token account is frozen.
#[inline(never)]
pub fn is_frozen(account: &AccountView) -> Result<bool> {
    let data = account.try_borrow()?;
    Ok(data.get(ACCOUNT_STATE) == Some(&STATE_FROZEN))
}

impl Currency {
    /// Refuses a token account that the wallet's money should not, or cannot, go to:
    /// it must be of this mint, the wallet's, not frozen.
    #[inline(never)]
    pub fn require_account_of(&self, account: &AccountView, wallet: &Address) -> Result<()> {
        let Some(token) = &self.0 else {
            return Err(LotteryError::TokenAccountsMissing.into());
        };
        require!(
            account.owned_by(token.program.address()) && account.data_len() >= TOKEN_ACCOUNT_LEN,
            LotteryError::TokenAccount
        );
        require!(account.is_writable(), ErrorCode::ConstraintMut);
        let data = account.try_borrow()?;
        let field = |at: usize| data.get(at..at.wrapping_add(32));
        require!(
            field(ACCOUNT_MINT) == Some(token.mint.address().as_ref())
                && field(ACCOUNT_OWNER) == Some(wallet.as_ref()),
            LotteryError::TokenAccount
        );
        match data.get(ACCOUNT_STATE) {
            Some(&STATE_INITIALIZED) => Ok(()),
            Some(&STATE_FROZEN) => Err(LotteryError::TokenAccountFrozen.into()),
            _ => Err(LotteryError::TokenAccount.into()),
        }
    }
}
