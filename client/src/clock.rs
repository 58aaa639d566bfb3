//! The chain's clock.

use solana_pubkey::Pubkey;

/// Address of the clock's account.
pub const CLOCK: Pubkey = Pubkey::from_str_const("SysvarC1ock11111111111111111111111111111111");

/// Slots that a clock may differ by from the slot at which a node says it was read. They
/// are the same but for nodes behind caches.
const MOST_APART: u64 = 32;

/// The chain's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainClock {
    pub slot: u64,
    /// Unix seconds.
    pub now: i64,
}

impl ChainClock {
    /// From the clock's account: slot, start of the epoch, epoch, leader schedule's
    /// epoch, unix time; eight bytes each.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let field = |at: usize| data.get(at..)?.first_chunk();
        Some(Self {
            slot: u64::from_le_bytes(*field(0)?),
            now: i64::from_le_bytes(*field(32)?),
        })
    }

    /// The same of an account that a node says it read at `slot`; `None` also where the
    /// two do not belong together.
    pub fn parse_at(data: &[u8], slot: u64) -> Option<Self> {
        Self::parse(data).filter(|clock| clock.slot.abs_diff(slot) <= MOST_APART)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Vec<u8> {
        let fields = [77u64, 1, 2, 3, 1_700_000_000];
        fields.iter().flat_map(|it| it.to_le_bytes()).collect()
    }

    #[test]
    fn the_clock_is_read_as_the_cluster_writes_it() {
        let expected = ChainClock {
            slot: 77,
            now: 1_700_000_000,
        };
        assert_eq!(ChainClock::parse(&data()), Some(expected));
        assert_eq!(ChainClock::parse(&data()[..39]), None);
    }

    #[test]
    fn a_clock_of_another_time_than_its_answer_is_none() {
        assert!(ChainClock::parse_at(&data(), 77 + MOST_APART).is_some());
        assert_eq!(ChainClock::parse_at(&data(), 77 + MOST_APART + 1), None);
        assert_eq!(ChainClock::parse_at(&data(), 7), None);
    }
}
