//! The operations of a `player_batch`, each as the instruction it stands for.

use anchor_lang::Discriminator;
use lottery::{Operation, instruction as ix};
use solana_pubkey::Pubkey;

use super::{instruction::Named, json::Object, wire::read};
use crate::store::column::Json;

/// One operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub name: &'static str,
    pub accounts: Named,
    pub arguments: Json,
}

/// The operations of a batch and whether all or none had to be done; `None` when the
/// data are no batch's.
pub(super) fn operations(data: &[u8]) -> Option<(Vec<Operation>, bool)> {
    let mut rest = data.strip_prefix(ix::PlayerBatch::DISCRIMINATOR)?;
    let operations = read(&mut rest).ok()?;
    let all_or_nothing = read(&mut rest).ok()?;
    Some((operations, all_or_nothing))
}

/// Resolves an operation's positions among the batch's accounts.
pub(super) fn part(operation: &Operation, batch: &Named) -> Part {
    let at = |position: u8| batch.remaining.get(usize::from(position)).copied();
    // Houses that play for native SOL look at no token accounts.
    let token = |position: u8| batch.get("mint").and_then(|_| at(position));
    let payout = |game: u8, entry: u8, player: u8, vault: u8, tokens: u8| {
        vec![
            ("game", at(game)),
            ("entry", at(entry)),
            ("player", at(player)),
            ("game_vault", token(vault)),
            ("player_tokens", token(tokens)),
        ]
    };
    let (name, accounts, arguments): (_, Vec<(&'static str, Option<Pubkey>)>, _) = match *operation
    {
        Operation::Join {
            house,
            game,
            entry,
            vault,
            tokens,
            order,
        } => {
            let mut accounts = payout(game, entry, 0, vault, tokens);
            // Joins are the signer's.
            for (name, account) in &mut accounts {
                if *name == "player" {
                    *account = batch.get("signer");
                }
            }
            accounts.push(("house", at(house)));
            (
                "join",
                accounts,
                Object::alone(|object| object.field("order", &order)),
            )
        }
        Operation::Claim {
            game,
            entry,
            player,
            vault,
            tokens,
            ticket,
        } => {
            let accounts = payout(game, entry, player, vault, tokens);
            (
                "claim",
                accounts,
                Object::alone(|object| object.field("ticket", &ticket)),
            )
        }
        Operation::ClaimJackpot {
            game,
            entry,
            player,
            vault,
            tokens,
            jackpot,
        } => {
            let mut accounts = payout(game, entry, player, vault, tokens);
            accounts.push(("jackpot", at(jackpot)));
            ("claim_jackpot", accounts, Object::alone(|_| {}))
        }
        Operation::Refund {
            game,
            entry,
            player,
            vault,
            tokens,
        } => {
            let accounts = payout(game, entry, player, vault, tokens);
            ("refund", accounts, Object::alone(|_| {}))
        }
        Operation::CloseEntry {
            game,
            entry,
            player,
        } => {
            let accounts = vec![
                ("game", at(game)),
                ("entry", at(entry)),
                ("player", at(player)),
            ];
            ("close_entry", accounts, Object::alone(|_| {}))
        }
    };
    Part {
        name,
        accounts: Named::with(accounts),
        arguments,
    }
}

/// The result of each operation, 0 or the code of its refusal, as the batch returns
/// them; `None` when these are not the results of `count` operations.
pub(super) fn results(returned: &[u8], count: usize) -> Option<Vec<u32>> {
    let (codes, rest) = returned.as_chunks::<4>();
    (rest.is_empty() && codes.len() == count)
        .then(|| codes.iter().map(|code| u32::from_le_bytes(*code)).collect())
}
