//! Token accounts, whoever's.

use lottery::switchboard::WRAPPED_SOL;
use lottery_client::{instruction::Token, token::amount};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_system_interface::instruction::{create_account, transfer};
use spl_token_2022_interface::{instruction as token_ix, native_mint};

use super::{freeze_authority, mint_authority};
use crate::{refusal::Refusal, world::World};

/// Bytes of a token account without extensions.
const TOKEN_ACCOUNT_LEN: usize = 165;

impl World {
    /// Tokens in a token account; 0 where there is none.
    pub fn tokens_in(&self, account: &Pubkey) -> u64 {
        self.svm
            .get_account(account)
            .and_then(|account| amount(&account.data))
            .unwrap_or(0)
    }

    /// Mints tokens to a token account. Wrapped SOL has no mint authority: the
    /// house's authority wraps its own.
    pub fn mint_to(&mut self, account: &Pubkey, amount: u64) {
        let Token { mint, program } = self.token();
        if mint == WRAPPED_SOL || mint == native_mint::ID {
            return self.wrap(account, amount);
        }
        let minter = mint_authority();
        let mint_to =
            token_ix::mint_to(&program, &mint, account, &minter.pubkey(), &[], amount).unwrap();
        self.token_send(mint_to, &minter).unwrap();
    }

    fn wrap(&mut self, account: &Pubkey, lamports: u64) {
        let program = self.token().program;
        let authority = self.authority.insecure_clone();
        let wrap = [
            transfer(&authority.pubkey(), account, lamports),
            token_ix::sync_native(&program, account).unwrap(),
        ];
        self.send(&wrap, &authority, &[]).unwrap();
    }

    /// Freezes a token account: a player's or a vault.
    pub fn freeze(&mut self, account: &Pubkey) {
        let Token { mint, program } = self.token();
        let freezer = freeze_authority();
        let freeze =
            token_ix::freeze_account(&program, account, &mint, &freezer.pubkey(), &[]).unwrap();
        self.token_send(freeze, &freezer).unwrap();
    }

    pub fn thaw(&mut self, account: &Pubkey) {
        let Token { mint, program } = self.token();
        let freezer = freeze_authority();
        let thaw =
            token_ix::thaw_account(&program, account, &mint, &freezer.pubkey(), &[]).unwrap();
        self.token_send(thaw, &freezer).unwrap();
    }

    /// A wallet's further token account, not its associated one, with nothing in it.
    pub fn another_account(&mut self, wallet: &Pubkey, seed: u8) -> Pubkey {
        self.account_of(self.token(), wallet, seed)
    }

    /// The same of any mint.
    pub fn account_of(&mut self, token: Token, wallet: &Pubkey, seed: u8) -> Pubkey {
        let account = Keypair::new_from_array([seed; 32]);
        let authority = self.authority.insecure_clone();
        let rent = self.rent(TOKEN_ACCOUNT_LEN);
        self.send(
            &[
                create_account(
                    &authority.pubkey(),
                    &account.pubkey(),
                    rent,
                    TOKEN_ACCOUNT_LEN as u64,
                    &token.program,
                ),
                token_ix::initialize_account3(
                    &token.program,
                    &account.pubkey(),
                    &token.mint,
                    wallet,
                )
                .unwrap(),
            ],
            &authority,
            &[&account],
        )
        .unwrap();
        account.pubkey()
    }

    /// Moves tokens between any two token accounts; `owner` signs for the source.
    pub fn move_tokens(
        &mut self,
        owner: &Keypair,
        from: &Pubkey,
        to: &Pubkey,
        amount: u64,
    ) -> Result<(), Refusal> {
        let Token { mint, program } = self.token();
        let decimals = self.account(&mint).data[44];
        let transfer = token_ix::transfer_checked(
            &program,
            from,
            &mint,
            to,
            &owner.pubkey(),
            &[],
            amount,
            decimals,
        )
        .unwrap();
        self.token_send(transfer, owner)
    }

    /// Sends an instruction that `signer` signs, at the authority's expense.
    pub fn token_send(
        &mut self,
        instruction: Instruction,
        signer: &Keypair,
    ) -> Result<(), Refusal> {
        let payer = self.authority.insecure_clone();
        self.send(&[instruction], &payer, &[signer]).map(drop)
    }
}
