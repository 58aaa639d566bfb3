//! Tokens made for a test.

use lottery_client::{instruction::Token, token::create_associated};
use lottery_localnet::Localnet;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_system_interface::instruction::create_account;

pub const TOKEN_2022: Pubkey =
    Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

/// Bytes of a mint without extensions.
const MINT_LEN: usize = 82;

/// As lamports have them.
const DECIMALS: u8 = 9;

// Instructions of both token programs.
const MINT_TO: u8 = 7;
const CLOSE_ACCOUNT: u8 = 9;
const FREEZE_ACCOUNT: u8 = 10;
const THAW_ACCOUNT: u8 = 11;
const INITIALIZE_MINT_2: u8 = 20;

/// Wallets served by one transaction.
const WALLETS: usize = 4;

fn call(token: &Token, accounts: Vec<AccountMeta>, data: Vec<u8>) -> Instruction {
    Instruction {
        program_id: token.program,
        accounts,
        data,
    }
}

/// Makes a mint that the cluster's payer may mint from, and freeze accounts of.
pub async fn create(localnet: &Localnet, program: Pubkey) -> Token {
    let mint = Keypair::new();
    let token = Token {
        mint: mint.pubkey(),
        program,
    };
    let payer = localnet.payer().pubkey();
    let rpc = localnet.rpc_client();
    let rent = rpc
        .get_minimum_balance_for_rent_exemption(MINT_LEN)
        .await
        .unwrap();
    let mut data = vec![INITIALIZE_MINT_2, DECIMALS];
    data.extend_from_slice(payer.as_ref());
    data.push(1);
    data.extend_from_slice(payer.as_ref());
    let instructions = [
        create_account(&payer, &token.mint, rent, MINT_LEN as u64, &program),
        call(&token, vec![AccountMeta::new(token.mint, false)], data),
    ];
    localnet.send(&instructions, &[&mint]).await.unwrap();
    token
}

/// Gives each wallet `amount` in its associated token account.
pub async fn give(localnet: &Localnet, token: Token, wallets: &[Pubkey], amount: u64) {
    let payer = localnet.payer().pubkey();
    for wallets in wallets.chunks(WALLETS) {
        let mut instructions = Vec::new();
        for wallet in wallets {
            let accounts = vec![
                AccountMeta::new(token.mint, false),
                AccountMeta::new(token.associated(wallet), false),
                AccountMeta::new_readonly(payer, true),
            ];
            let data = [&[MINT_TO][..], &amount.to_le_bytes()].concat();
            instructions.push(create_associated(payer, *wallet, token));
            instructions.push(call(&token, accounts, data));
        }
        localnet.send(&instructions, &[]).await.unwrap();
    }
}

/// Closes a wallet's empty token account.
pub fn close(token: Token, wallet: &Pubkey) -> Instruction {
    let accounts = vec![
        AccountMeta::new(token.associated(wallet), false),
        AccountMeta::new(*wallet, false),
        AccountMeta::new_readonly(*wallet, true),
    ];
    call(&token, accounts, vec![CLOSE_ACCOUNT])
}

/// Freezes, or thaws, a wallet's token account.
pub async fn freeze(localnet: &Localnet, token: Token, wallet: &Pubkey, frozen: bool) {
    let accounts = vec![
        AccountMeta::new(token.associated(wallet), false),
        AccountMeta::new_readonly(token.mint, false),
        AccountMeta::new_readonly(localnet.payer().pubkey(), true),
    ];
    let instruction = if frozen { FREEZE_ACCOUNT } else { THAW_ACCOUNT };
    let freeze = call(&token, accounts, vec![instruction]);
    localnet.send(&[freeze], &[]).await.unwrap();
}
