//! Whether a transaction is worth its fee.

use crate::{actions::Action, state::ChainState};

/// Keeps whoever cranks from paying more than they are willing to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    pub enabled: bool,
    /// What the operator is willing to lose by a transaction (lamports).
    pub max_loss: u64,
}

impl Default for Guard {
    /// Nothing is done at a loss.
    fn default() -> Self {
        Self {
            enabled: true,
            max_loss: 0,
        }
    }
}

impl Guard {
    /// Whether a transaction may be sent that earns `income` and costs `fee` (lamports).
    pub fn allows(&self, income: u64, fee: u64) -> bool {
        self.affords(income).is_none_or(|most| fee <= most)
    }

    /// The highest fee of a transaction that earns `income` (lamports); any, without a
    /// guard.
    pub fn affords(&self, income: u64) -> Option<u64> {
        self.enabled.then(|| income.saturating_add(self.max_loss))
    }

    /// Whether an action is done whatever it earns:
    ///
    /// - a lane is opened because the operator asks for it, and nothing is paid for it
    ///   to anybody;
    /// - the money of a game that met a frozen vault is divided: nothing is paid for
    ///   that either, and nothing that is can follow before;
    /// - an entry is closed whose game is gone: what it pays is not known before.
    pub fn exempts(action: &Action, state: &ChainState) -> bool {
        match action {
            Action::OpenLane(_) | Action::SettleGame(_) => true,
            Action::CloseEntry(close) => state.entry(&close.game, &close.entry).is_none(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable as _;
    use lottery_client::{account::Account, lottery::state::Entry};
    use solana_pubkey::Pubkey;

    use super::*;
    use crate::{
        actions::{CancelGame, CloseEntry, GameRef, OpenLane, SettleGame},
        test_games::settled_game,
    };

    /// A signature's (lamports).
    const FEE: u64 = 5_000;

    #[test]
    fn a_fee_up_to_the_bounty_and_the_loss_is_paid() {
        let guard = Guard::default();
        assert!(guard.allows(10_000, FEE));
        assert!(guard.allows(FEE, FEE));
        assert!(!guard.allows(FEE - 1, FEE));
        assert!(!guard.allows(0, FEE));
        let willing = Guard {
            max_loss: 1_000,
            ..guard
        };
        assert!(willing.allows(4_000, FEE));
        assert!(!willing.allows(3_999, FEE));
        let unbounded = Guard {
            max_loss: u64::MAX,
            ..guard
        };
        assert!(unbounded.allows(u64::MAX, u64::MAX));
    }

    #[test]
    fn without_a_guard_everything_is_paid() {
        let guard = Guard {
            enabled: false,
            max_loss: 0,
        };
        assert!(guard.allows(0, u64::MAX));
    }

    #[test]
    fn what_nobody_is_paid_for_is_exempt() {
        let game = GameRef {
            id: 1,
            address: Pubkey::new_unique(),
        };
        let (entry, player) = (Pubkey::new_unique(), Pubkey::new_unique());
        let close = Action::CloseEntry(CloseEntry {
            game: game.address,
            entry,
            player,
        });
        let lane = Action::OpenLane(OpenLane {
            house: Pubkey::new_unique(),
            queue: Pubkey::new_unique(),
            index: 0,
        });
        let settle = Action::SettleGame(SettleGame {
            house: Pubkey::new_unique(),
            game,
            token: None,
        });
        let mut state = ChainState::default();
        for action in [&close, &lane, &settle] {
            assert!(Guard::exempts(action, &state), "{action}");
        }
        let cancel = Action::CancelGame(CancelGame { game });
        assert!(!Guard::exempts(&cancel, &state));
        let mut held = Entry::zeroed();
        held.game = game.address;
        state.put(game.address, Account::Game(settled_game(10, 1, 1, [1; 32])));
        state.put(entry, Account::Entry(held));
        assert!(!Guard::exempts(&close, &state));
    }
}
