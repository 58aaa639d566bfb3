//! Decoding of the program's accounts. Nothing is trusted: owner,
//! discriminator, length and layout version are checked, and every failure
//! says which.

use anchor_lang::Discriminator;
use lottery::{
    draw::MAX_ROUNDS,
    state::{
        Draw, Entry, Game, GameStatus, House, Jackpot, LAYOUT_VERSION, Lane, MAX_PLACES, Treasury,
    },
};
use solana_pubkey::Pubkey;

/// Length of an account's discriminator.
pub const DISCRIMINATOR_LEN: usize = 8;

/// Why bytes are not an account of the program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("owned by {0}, not by the lottery program")]
    Owner(Pubkey),
    #[error("{0} bytes are too short for an account's discriminator")]
    NoDiscriminator(usize),
    #[error("unknown discriminator {0:02x?}")]
    Discriminator([u8; 8]),
    #[error("not a {expected}: its discriminator is {found:02x?}")]
    WrongKind {
        expected: &'static str,
        found: [u8; 8],
    },
    #[error("a {kind} has {expected} bytes, these are {found}")]
    Length {
        kind: &'static str,
        expected: usize,
        found: usize,
    },
    #[error("a {kind} of layout version {found}; this build reads version {LAYOUT_VERSION}")]
    Version { kind: &'static str, found: u8 },
    #[error("a game with status bits {0}, which no instruction writes")]
    Status(u8),
    #[error(
        "a game of {rounds} rounds, {settled} settled, and {winners} winners, which no instruction writes"
    )]
    Rounds {
        rounds: u8,
        settled: u8,
        winners: u8,
    },
}

/// A kind of account: its name and what tells its version.
pub trait Kind: bytemuck::Pod + Discriminator {
    /// Name, in lower case.
    const NAME: &'static str;
    /// Size of the whole account, discriminator included (bytes).
    const LEN: usize = DISCRIMINATOR_LEN + size_of::<Self>();
    /// Layout version written in the account.
    fn version(&self) -> u8;
    /// Checks that no single field can hold by its type.
    fn check(&self) -> Result<(), DecodeError> {
        Ok(())
    }
}

macro_rules! kinds {
    ($($kind:ident $name:literal $(check $check:expr)?),* $(,)?) => {
        $(impl Kind for $kind {
            const NAME: &'static str = $name;
            fn version(&self) -> u8 { self.version }
            $(fn check(&self) -> Result<(), DecodeError> { $check(self) })?
        })*

        /// Any account of the program.
        #[derive(Clone, Copy, Debug)]
        #[allow(clippy::large_enum_variant, reason = "short-lived, and boxing would hide Copy")]
        pub enum Account { $($kind($kind)),* }

        impl Account {
            /// Name of the kind, in lower case.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => $name),* }
            }
        }

        fn decode_known(discriminator: &[u8], data: &[u8]) -> Option<Result<Account, DecodeError>> {
            $(if discriminator == $kind::DISCRIMINATOR {
                return Some(decode_body::<$kind>(data).map(Account::$kind));
            })*
            None
        }
    };
}

kinds! {
    House "house",
    Treasury "treasury",
    Jackpot "jackpot",
    Lane "lane",
    Draw "draw",
    Game "game" check check_game,
    Entry "entry",
}

fn check_game(game: &Game) -> Result<(), DecodeError> {
    if GameStatus::from_bits(game.status_and_flags).is_none() {
        return Err(DecodeError::Status(
            game.status_and_flags & Game::STATUS_MASK,
        ));
    }
    let bounded = usize::from(game.rounds) <= MAX_ROUNDS
        && game.rounds_settled <= game.rounds
        && usize::from(game.winners) <= MAX_PLACES;
    if bounded {
        Ok(())
    } else {
        Err(DecodeError::Rounds {
            rounds: game.rounds,
            settled: game.rounds_settled,
            winners: game.winners,
        })
    }
}

fn discriminator(owner: &Pubkey, data: &[u8]) -> Result<[u8; 8], DecodeError> {
    if *owner != lottery::ID {
        return Err(DecodeError::Owner(*owner));
    }
    data.first_chunk()
        .copied()
        .ok_or(DecodeError::NoDiscriminator(data.len()))
}

fn decode_body<T: Kind>(data: &[u8]) -> Result<T, DecodeError> {
    if data.len() != T::LEN {
        return Err(DecodeError::Length {
            kind: T::NAME,
            expected: T::LEN,
            found: data.len(),
        });
    }
    let account: T = bytemuck::pod_read_unaligned(&data[DISCRIMINATOR_LEN..]);
    if account.version() != LAYOUT_VERSION {
        return Err(DecodeError::Version {
            kind: T::NAME,
            found: account.version(),
        });
    }
    account.check()?;
    Ok(account)
}

/// Decodes an account of a known kind.
pub fn decode<T: Kind>(owner: &Pubkey, data: &[u8]) -> Result<T, DecodeError> {
    let found = discriminator(owner, data)?;
    if found != T::DISCRIMINATOR {
        return Err(DecodeError::WrongKind {
            expected: T::NAME,
            found,
        });
    }
    decode_body(data)
}

/// Decodes an account of whichever kind it is.
pub fn decode_any(owner: &Pubkey, data: &[u8]) -> Result<Account, DecodeError> {
    let found = discriminator(owner, data)?;
    decode_known(&found, data).unwrap_or(Err(DecodeError::Discriminator(found)))
}
