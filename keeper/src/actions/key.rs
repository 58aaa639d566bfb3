use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use solana_pubkey::Pubkey;

/// A thing that at most one running action may hold. It is written as its sort and
/// address, `place:ADDRESS:3`: the journal keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Lane(Pubkey),
    Draw(Pubkey),
    /// The release of a draw's games, which a failing reveal does not hold up.
    Release(Pubkey),
    Game(Pubkey),
    /// A prize place of a game.
    Place(Pubkey, u8),
    /// A jackpot tier that a game hit.
    Award(Pubkey, u8),
    Entry(Pubkey),
}

impl Key {
    /// The account that it is, or is of.
    pub fn address(&self) -> Pubkey {
        match *self {
            Self::Lane(address)
            | Self::Draw(address)
            | Self::Release(address)
            | Self::Game(address)
            | Self::Place(address, _)
            | Self::Award(address, _)
            | Self::Entry(address) => address,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lane(address) => write!(f, "lane:{address}"),
            Self::Draw(address) => write!(f, "draw:{address}"),
            Self::Release(address) => write!(f, "release:{address}"),
            Self::Game(address) => write!(f, "game:{address}"),
            Self::Place(address, place) => write!(f, "place:{address}:{place}"),
            Self::Award(address, tier) => write!(f, "award:{address}:{tier}"),
            Self::Entry(address) => write!(f, "entry:{address}"),
        }
    }
}

/// Text that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a thing: {0:?}")]
pub struct KeyError(String);

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        parse(text).ok_or_else(|| KeyError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Key> {
    let mut parts = text.split(':');
    let (sort, address) = (parts.next()?, parts.next()?.parse().ok()?);
    let number = parts.next().map(str::parse::<u8>).transpose().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Some(match (sort, number) {
        ("lane", None) => Key::Lane(address),
        ("draw", None) => Key::Draw(address),
        ("release", None) => Key::Release(address),
        ("game", None) => Key::Game(address),
        ("place", Some(place)) => Key::Place(address, place),
        ("award", Some(tier)) => Key::Award(address, tier),
        ("entry", None) => Key::Entry(address),
        _ => return None,
    })
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let address = Pubkey::new_unique();
        for key in [
            Key::Lane(address),
            Key::Draw(address),
            Key::Release(address),
            Key::Game(address),
            Key::Place(address, 31),
            Key::Award(address, 2),
            Key::Entry(address),
        ] {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        let wrong = [
            "",
            "lane",
            "lane:x",
            &format!("place:{address}"),
            &format!("lane:{address}:1"),
            &format!("place:{address}:1:1"),
        ];
        for text in wrong {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }
}
