use lottery::{accounts, instruction, state::MEGA};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{Token, build, events, with_tokens};
use crate::address;

/// An entry, as the cranks that pay its player name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryKeys {
    pub house: Pubkey,
    pub game: Pubkey,
    pub entry: Pubkey,
    pub player: Pubkey,
    /// The house's token, if it plays for one.
    pub token: Option<Token>,
}

impl EntryKeys {
    fn with_tokens(&self, payment: Instruction) -> Instruction {
        with_tokens(payment, self.token, &[self.game], Some(&self.player))
    }
}

/// Pays the prize of a winning `ticket` to the entry's player.
pub fn claim(cranker: Pubkey, keys: EntryKeys, ticket: u32) -> Instruction {
    keys.with_tokens(build(
        &accounts::Claim {
            cranker,
            game: keys.game,
            entry: keys.entry,
            player: keys.player,
            events: events(),
        },
        &instruction::Claim { ticket },
    ))
}

/// Pays the award of `tier` to the player of the entry, which holds its ticket.
pub fn claim_jackpot(cranker: Pubkey, keys: EntryKeys, tier: u8) -> Instruction {
    keys.with_tokens(build(
        &accounts::ClaimJackpot {
            cranker,
            game: keys.game,
            entry: keys.entry,
            player: keys.player,
            jackpot: address::jackpot(&keys.house, tier),
            events: events(),
        },
        &instruction::ClaimJackpot {},
    ))
}

/// Returns the price of the entry to its player.
pub fn refund(cranker: Pubkey, keys: EntryKeys) -> Instruction {
    keys.with_tokens(build(
        &accounts::Refund {
            cranker,
            game: keys.game,
            entry: keys.entry,
            player: keys.player,
            events: events(),
        },
        &instruction::Refund {},
    ))
}

/// Returns the rent of the entry to its player.
pub fn close_entry(cranker: Pubkey, keys: EntryKeys) -> Instruction {
    build(
        &accounts::CloseEntry {
            cranker,
            game: keys.game,
            entry: keys.entry,
            player: keys.player,
            events: events(),
        },
        &instruction::CloseEntry {},
    )
}

/// Moves what was not claimed in time to the mega jackpot.
pub fn expire_prizes(
    cranker: Pubkey,
    house: Pubkey,
    game: Pubkey,
    token: Option<Token>,
) -> Instruction {
    let mega = address::jackpot(&house, MEGA);
    with_tokens(
        build(
            &accounts::ExpirePrizes {
                cranker,
                game,
                mega,
                events: events(),
            },
            &instruction::ExpirePrizes {},
        ),
        token,
        &[game, mega],
        None,
    )
}
