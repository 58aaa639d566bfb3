use lottery::{Order, accounts, instruction, state::GameParams};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{SYSTEM_PROGRAM, Token, build, events, with_tokens};
use crate::address;

pub fn create_game(
    creator: Pubkey,
    house: Pubkey,
    params: GameParams,
    token: Option<Token>,
) -> Instruction {
    let game = address::game(&house, params.id);
    with_tokens(
        build(
            &accounts::CreateGame {
                creator,
                house,
                treasury: address::treasury(&house),
                game,
                system_program: SYSTEM_PROGRAM,
                events: events(),
            },
            &instruction::CreateGame { params },
        ),
        token,
        &[game],
        None,
    )
}

/// A purchase: who buys what in which game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    pub player: Pubkey,
    pub house: Pubkey,
    pub game: Pubkey,
    pub tickets: u32,
    /// Tells a player's entries in one game apart.
    pub nonce: u16,
    /// Pay no more than this for the tickets (base units).
    pub max_total: u64,
}

impl Purchase {
    /// The entry's address, and the order as the program takes it.
    pub fn order(&self) -> (Pubkey, Order) {
        let (entry, bump) = address::entry_with_bump(&self.game, &self.player, self.nonce);
        let order = Order {
            tickets: self.tickets,
            nonce: self.nonce,
            bump,
            max_total: self.max_total,
        };
        (entry, order)
    }
}

/// Buys tickets.
pub fn join(purchase: &Purchase, token: Option<Token>) -> Instruction {
    let (entry, order) = purchase.order();
    with_tokens(
        build(
            &accounts::Join {
                player: purchase.player,
                house: purchase.house,
                game: purchase.game,
                entry,
                system_program: SYSTEM_PROGRAM,
            },
            &instruction::Join { order },
        ),
        token,
        &[purchase.game],
        Some(&purchase.player),
    )
}

/// Cancels a game that sold too few tickets, or whose draw is long overdue.
pub fn cancel_game(cranker: Pubkey, game: Pubkey) -> Instruction {
    build(
        &accounts::CancelGame {
            cranker,
            game,
            events: events(),
        },
        &instruction::CancelGame {},
    )
}

/// Returns a paid game's rent to its `creator`.
pub fn close_game(
    cranker: Pubkey,
    game: Pubkey,
    creator: Pubkey,
    token: Option<Token>,
) -> Instruction {
    with_tokens(
        build(
            &accounts::CloseGame {
                cranker,
                game,
                creator,
                events: events(),
            },
            &instruction::CloseGame {},
        ),
        token,
        &[game],
        Some(&creator),
    )
}
