//! Which of the program's accounts one question asks for. What is too much for one answer
//! is asked for by kind, and then by the value of bytes that differ from account to account
//! and never change: an account is in one partition for all its life.

use std::mem::offset_of;

use anchor_lang::Discriminator;
use lottery::state::{Draw, Entry, Game, House, Jackpot, Lane, Treasury};
use lottery_client::account::DISCRIMINATOR_LEN;
use serde_json::{Value, json};

/// A kind of account.
struct Kind {
    discriminator: &'static [u8],
    /// Offsets of the bytes that part them, the best first. With the discriminator they are
    /// as many as nodes take filters: 4.
    parting: [usize; 3],
}

/// A kind of account, parted by bytes of its fields.
macro_rules! kind {
    ($kind:ident: $($field:ident[$byte:literal]),*) => {
        Kind {
            discriminator: $kind::DISCRIMINATOR,
            parting: [$(DISCRIMINATOR_LEN + offset_of!($kind, $field) + $byte),*],
        }
    };
}

/// Those of which there are few are parted too: whoever pays for them may make many.
const KINDS: [Kind; 7] = [
    kind!(House: creator[0], creator[1], creator[2]),
    kind!(Treasury: house[0], house[1], house[2]),
    kind!(Jackpot: house[0], house[1], house[2]),
    kind!(Lane: house[0], house[1], house[2]),
    kind!(Draw: id[0], id[1], id[2]),
    kind!(Game: id[0], id[1], house[0]),
    // Nobody can buy very many in one second.
    kind!(Entry: joined_at[0], player[0], joined_at[1]),
];

/// Some of the program's accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Partition {
    /// A place in the list of kinds; of any kind where there is none.
    kind: Option<usize>,
    /// Values of the bytes that part the kind.
    values: Vec<u8>,
}

impl Partition {
    /// What a node compares.
    pub fn filters(&self) -> Value {
        let Some(kind) = self.kind.and_then(|kind| KINDS.get(kind)) else {
            return json!([]);
        };
        let filter = |offset: usize, bytes: &[u8]| json!({"memcmp": {"offset": offset, "bytes": bs58::encode(bytes).into_string()}});
        let parting = kind.parting.iter().zip(&self.values);
        let values = parting.map(|(offset, value)| filter(*offset, &[*value]));
        std::iter::once(filter(0, kind.discriminator))
            .chain(values)
            .collect()
    }

    /// Smaller ones that are the same together; `None` of one that cannot be parted.
    pub fn split(&self) -> Option<Vec<Self>> {
        let Some(kind) = self.kind else {
            let kinds = (0..KINDS.len()).map(|kind| Self {
                kind: Some(kind),
                values: Vec::new(),
            });
            return Some(kinds.collect());
        };
        if self.values.len() >= KINDS.get(kind)?.parting.len() {
            return None;
        }
        let parts = (0..=u8::MAX).map(|value| Self {
            kind: Some(kind),
            values: [&self.values[..], &[value]].concat(),
        });
        Some(parts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_account_is_in_one_partition() {
        let parts = Partition::default().split().unwrap_or_default();
        assert_eq!(parts.len(), KINDS.len());
        let mut first: Vec<Value> = parts.iter().map(|part| part.filters()[0].clone()).collect();
        first.dedup();
        assert_eq!(first.len(), KINDS.len());
        // As many as there are in the client's list of kinds.
        assert_eq!(Partition::default().filters(), json!([]));
    }

    #[test]
    fn a_partition_is_parted_by_every_value_of_a_byte_until_there_are_no_more_filters() {
        let kinds = Partition::default().split().unwrap_or_default();
        for mut part in kinds {
            for filters in 2..=4 {
                let parts = part.split().unwrap_or_default();
                assert_eq!(parts.len(), 256);
                let last = parts.last().cloned().unwrap_or_default();
                assert_eq!(last.filters().as_array().map(Vec::len), Some(filters));
                part = last;
            }
            assert_eq!(part.split(), None);
        }
    }

    #[test]
    fn the_bytes_compared_are_the_fields() {
        let mut entry: Entry = bytemuck::Zeroable::zeroed();
        entry.joined_at = 0x0102_0304_0506_0708;
        entry.player = anchor_lang::prelude::Address::from([9; 32]);
        let data = [Entry::DISCRIMINATOR, bytemuck::bytes_of(&entry)].concat();
        let entries = KINDS
            .iter()
            .find(|kind| kind.discriminator == Entry::DISCRIMINATOR);
        let values = entries.map(|kind| kind.parting.map(|offset| data[offset]));
        assert_eq!(values, Some([8, 9, 7]));
    }
}
