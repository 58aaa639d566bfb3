use lottery::{
    accounts, instruction, instructions::__client_accounts_payoutaccounts::PayoutAccounts,
    state::MEGA,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{Token, associated, build, currency, events, vault};
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
    fn payout(&self) -> PayoutAccounts {
        PayoutAccounts {
            currency: currency(self.token),
            game_vault: vault(self.token, &self.game),
            player_tokens: associated(self.token, &self.player),
            events: events(),
        }
    }
}

/// Pays the prize of a winning `ticket` to the entry's player.
pub fn claim(cranker: Pubkey, keys: EntryKeys, ticket: u32) -> Instruction {
    build(
        &accounts::Claim {
            cranker,
            game: keys.game,
            entry: keys.entry,
            player: keys.player,
            payout: keys.payout(),
        },
        &instruction::Claim { ticket },
    )
}

/// Pays the award of `tier` to the player of the entry, which holds its ticket.
pub fn claim_jackpot(cranker: Pubkey, keys: EntryKeys, tier: u8) -> Instruction {
    build(
        &accounts::ClaimJackpot {
            cranker,
            game: keys.game,
            entry: keys.entry,
            player: keys.player,
            jackpot: address::jackpot(&keys.house, tier),
            payout: keys.payout(),
        },
        &instruction::ClaimJackpot {},
    )
}

/// Returns the price of the entry to its player.
pub fn refund(cranker: Pubkey, keys: EntryKeys) -> Instruction {
    build(
        &accounts::Refund {
            cranker,
            game: keys.game,
            entry: keys.entry,
            player: keys.player,
            payout: keys.payout(),
        },
        &instruction::Refund {},
    )
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
    build(
        &accounts::ExpirePrizes {
            cranker,
            game,
            mega,
            currency: currency(token),
            game_vault: vault(token, &game),
            mega_vault: vault(token, &mega),
            events: events(),
        },
        &instruction::ExpirePrizes {},
    )
}
