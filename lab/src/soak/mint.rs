//! A token for one of the houses to play for, and an account of every unit of it.

use anyhow::{Context as _, Result};
use lottery_client::{
    address,
    instruction::Token,
    lottery::switchboard::TOKEN_PROGRAM,
    token::{amount, create_associated},
};
use lottery_demo::table::Table;
use lottery_localnet::Localnet;
use serde::Serialize;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer as _;
use solana_system_interface::instruction::create_account;

/// Bytes of a mint.
const MINT_LEN: usize = 82;

/// As lamports have them.
const DECIMALS: u8 = 9;

// Instructions of the token program.
const MINT_TO: u8 = 7;
const INITIALIZE_MINT_2: u8 = 20;

/// Wallets served by one transaction.
const WALLETS: usize = 4;

/// Accounts asked for in one question.
const ASKED: usize = 100;

/// Makes a mint that the cluster's payer may mint from.
pub async fn create(localnet: &Localnet) -> Result<Token> {
    let mint = Keypair::new();
    let token = Token {
        mint: mint.pubkey(),
        program: TOKEN_PROGRAM,
    };
    let payer = localnet.payer().pubkey();
    let rent = localnet
        .rpc_client()
        .get_minimum_balance_for_rent_exemption(MINT_LEN)
        .await?;
    // Without an authority that could freeze.
    let data = [&[INITIALIZE_MINT_2, DECIMALS], payer.as_ref(), &[0]].concat();
    let instructions = [
        create_account(&payer, &token.mint, rent, MINT_LEN as u64, &token.program),
        call(token, vec![AccountMeta::new(token.mint, false)], data),
    ];
    localnet
        .send(&instructions, &[&mint])
        .await
        .context("making a mint")?;
    Ok(token)
}

/// Gives each wallet so many base units in its associated token account.
pub async fn give(localnet: &Localnet, token: Token, to: &[Pubkey], units: u64) -> Result<()> {
    let payer = localnet.payer().pubkey();
    for wallets in to.chunks(WALLETS) {
        let instructions: Vec<Instruction> = wallets
            .iter()
            .flat_map(|wallet| {
                let accounts = vec![
                    AccountMeta::new(token.mint, false),
                    AccountMeta::new(token.associated(wallet), false),
                    AccountMeta::new_readonly(payer, true),
                ];
                let data = [&[MINT_TO][..], &units.to_le_bytes()].concat();
                [
                    create_associated(payer, *wallet, token),
                    call(token, accounts, data),
                ]
            })
            .collect();
        localnet
            .send(&instructions, &[])
            .await
            .context("minting tokens")?;
    }
    Ok(())
}

fn call(token: Token, accounts: Vec<AccountMeta>, data: Vec<u8>) -> Instruction {
    Instruction {
        program_id: token.program,
        accounts,
        data,
    }
}

/// Base units of a token, by where they are.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Units {
    /// Given to players before the games.
    pub minted: u64,
    pub players: u64,
    /// In the vaults of treasury and jackpots.
    pub house: u64,
    /// In the vaults of games that are not closed.
    pub games: u64,
}

impl Units {
    /// Of the house of a table whose players were given so many each; `open` are games
    /// that may hold some yet.
    pub async fn count(rpc: &RpcClient, table: &Table, each: u64, open: &[Pubkey]) -> Result<Self> {
        let Some(token) = table.token else {
            return Ok(Self::default());
        };
        let players = table
            .players
            .iter()
            .map(|it| token.associated(&it.pubkey()));
        let players: Vec<Pubkey> = players.collect();
        let jackpots = (0..3).map(|tier| address::jackpot(&table.house, tier));
        let holders = jackpots.chain([address::treasury(&table.house)]);
        let vaults: Vec<Pubkey> = holders.map(|holder| address::vault(&holder)).collect();
        // Games for SOL have no vault, so nothing is found at its address.
        let games: Vec<Pubkey> = open.iter().map(address::vault).collect();
        Ok(Self {
            minted: each.saturating_mul(u64::try_from(players.len())?),
            players: held(rpc, &players).await?,
            house: held(rpc, &vaults).await?,
            games: held(rpc, &games).await?,
        })
    }

    /// Units that are nowhere, or too many.
    pub fn difference(&self) -> i128 {
        let found = [self.players, self.house, self.games].map(i128::from);
        found.iter().sum::<i128>() - i128::from(self.minted)
    }
}

/// Base units in token accounts, all together.
async fn held(rpc: &RpcClient, accounts: &[Pubkey]) -> Result<u64> {
    let mut sum = 0u64;
    for some in accounts.chunks(ASKED) {
        let found = rpc
            .get_multiple_accounts_with_commitment(some, CommitmentConfig::confirmed())
            .await
            .context("asking for tokens")?;
        let amounts = found
            .value
            .iter()
            .flatten()
            .filter_map(|it| amount(&it.data));
        sum = amounts.fold(sum, u64::saturating_add);
    }
    Ok(sum)
}
