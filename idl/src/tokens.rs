//! The token accounts, which the program's interface names and Anchor's structs do not.
//!
//! They follow an instruction's own accounts, in houses that play for a token; houses
//! that play for native SOL leave them out. Declared as Anchor's optional accounts they
//! would cost a tenth of a join even where they are absent. So Anchor's macros do not
//! print them, and the description gets them from here; a test holds them against what
//! the client's builders append.

use anchor_lang_idl_spec::{Idl, IdlInstructionAccount, IdlInstructionAccountItem};
use anyhow::{Context as _, Result, ensure};

/// A vault or a wallet's token account; the program writes them all.
struct TokenAccount {
    name: &'static str,
    docs: &'static str,
}

const fn account(name: &'static str, docs: &'static str) -> TokenAccount {
    TokenAccount { name, docs }
}

const GAME_VAULT: TokenAccount = account("game_vault", "Vault of the game.");
const TREASURY_VAULT: TokenAccount = account("treasury_vault", "Vault of the treasury.");
const MINOR_VAULT: TokenAccount = account("minor_vault", "Vault of the minor jackpot.");
const MAJOR_VAULT: TokenAccount = account("major_vault", "Vault of the major jackpot.");
const MEGA_VAULT: TokenAccount = account("mega_vault", "Vault of the mega jackpot.");
/// Of a player who is paid.
const PLAYER_TOKENS: TokenAccount = account(
    "player_tokens",
    "The player's token account: the associated one, or any if the player signs.",
);

/// What follows mint and token program, per instruction, in the program's order. The
/// games of `settle_draw` come after all that. `player_batch` is not here: its mint and
/// token program are its last two accounts, behind those that operations name.
const FOLLOWING: [(&str, &[TokenAccount]); 12] = [
    (
        "create_house",
        &[
            account("treasury_vault", "Vault of the treasury, created here."),
            account("minor_vault", "Vault of the minor jackpot, created here."),
            account("major_vault", "Vault of the major jackpot, created here."),
            account("mega_vault", "Vault of the mega jackpot, created here."),
        ],
    ),
    (
        "withdraw_treasury",
        &[
            TREASURY_VAULT,
            account("wallet_tokens", "The wallet's token account."),
        ],
    ),
    (
        "fund_jackpot",
        &[
            account("jackpot_vault", "Vault of the jackpot."),
            account("funder_tokens", "The funder's token account."),
        ],
    ),
    (
        "create_game",
        &[account("game_vault", "Vault of the game, created here.")],
    ),
    (
        "join",
        &[
            GAME_VAULT,
            account("player_tokens", "The player's token account."),
        ],
    ),
    (
        "settle_draw",
        &[TREASURY_VAULT, MINOR_VAULT, MAJOR_VAULT, MEGA_VAULT],
    ),
    (
        "settle_game",
        &[
            TREASURY_VAULT,
            MINOR_VAULT,
            MAJOR_VAULT,
            MEGA_VAULT,
            GAME_VAULT,
        ],
    ),
    ("claim", &[GAME_VAULT, PLAYER_TOKENS]),
    ("claim_jackpot", &[GAME_VAULT, PLAYER_TOKENS]),
    ("refund", &[GAME_VAULT, PLAYER_TOKENS]),
    ("expire_prizes", &[GAME_VAULT, MEGA_VAULT]),
    (
        "close_game",
        &[
            GAME_VAULT,
            account(
                "creator_tokens",
                "The creator's token account; needed only if somebody donated tokens.",
            ),
        ],
    ),
];

/// Appends the token accounts to the accounts that Anchor printed.
pub fn append(idl: &mut Idl) -> Result<()> {
    for (name, following) in FOLLOWING {
        let instruction = idl
            .instructions
            .iter_mut()
            .find(|instruction| instruction.name == name)
            .with_context(|| format!("the program has no instruction {name}"))?;
        for account in trailing(following) {
            ensure!(
                !instruction
                    .accounts
                    .iter()
                    .any(|own| name_of(own) == account.name),
                "{name} declares {}: it must not be in idl/src/tokens.rs too",
                account.name
            );
            instruction
                .accounts
                .push(IdlInstructionAccountItem::Single(account));
        }
    }
    Ok(())
}

/// Mint, token program, and what follows them.
fn trailing(following: &[TokenAccount]) -> impl Iterator<Item = IdlInstructionAccount> {
    let mint = optional(
        "mint",
        "Mint of a token house; houses that play for native SOL leave out every optional account.",
        false,
    );
    let program = optional(
        "token_program",
        "SPL Token or Token-2022, whichever owns the mint.",
        false,
    );
    let rest = following
        .iter()
        .map(|account| optional(account.name, account.docs, true));
    [mint, program].into_iter().chain(rest)
}

fn optional(name: &str, docs: &str, writable: bool) -> IdlInstructionAccount {
    IdlInstructionAccount {
        name: name.into(),
        docs: vec![docs.into()],
        writable,
        signer: false,
        optional: true,
        address: None,
        pda: None,
        relations: Vec::new(),
    }
}

fn name_of(item: &IdlInstructionAccountItem) -> &str {
    match item {
        IdlInstructionAccountItem::Composite(group) => &group.name,
        IdlInstructionAccountItem::Single(account) => &account.name,
    }
}
