//! Who acts, and the addresses that never change.

use lottery_client::{address, instruction::Token};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// Creators, players, crankers and attackers: anybody may do anything.
pub const ACTORS: usize = 8;
/// Creates the house and has its authority at first.
pub const FOUNDER: usize = 0;
/// Has next to nothing, so that payouts to it meet the rules of rent.
pub const PAUPER: usize = 5;
/// Oracles: two that every world has, two more for redraws, and one that is not
/// attested any more.
pub const ORACLES: usize = 5;
/// The oracle that is not attested any more.
pub const LAPSED: usize = 4;
/// An account that is no oracle.
pub const NO_ORACLE: usize = ORACLES;

/// All keys. The same in every world of one currency.
pub struct Cast {
    pub actors: Vec<Keypair>,
    /// Pays the fees of who cannot; freezes and thaws token accounts; keeps the games
    /// going at the end.
    pub sponsor: Keypair,
    pub treasury_wallet: Pubkey,
    pub oracles: Vec<crate::oracle::Oracle>,
    pub queue: Pubkey,
    pub house: Pubkey,
    pub treasury: Pubkey,
    pub jackpots: [Pubkey; 3],
    pub token: Option<Token>,
}

impl Cast {
    pub fn actor(&self, actor: usize) -> Pubkey {
        self.keypair(actor).pubkey()
    }

    /// An actor's keys; of anybody beyond the actors, the sponsor's.
    pub fn keypair(&self, actor: usize) -> &Keypair {
        self.actors.get(actor).unwrap_or(&self.sponsor)
    }

    pub fn oracle(&self, oracle: usize) -> Pubkey {
        match self.oracles.get(oracle) {
            Some(oracle) => oracle.account.pubkey(),
            None => self.treasury_wallet,
        }
    }

    /// The vault of a holder; none in a native house.
    pub fn vault(&self, holder: &Pubkey) -> Option<Pubkey> {
        self.token.map(|_| address::vault(holder))
    }

    /// A wallet's token account; none in a native house.
    pub fn associated(&self, wallet: &Pubkey) -> Option<Pubkey> {
        self.token.map(|token| token.associated(wallet))
    }
}
