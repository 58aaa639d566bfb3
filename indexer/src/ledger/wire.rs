//! Reading of arguments and events: borsh, as the program itself reads and writes.

use anchor_lang::{
    BorshConfig,
    wincode::{SchemaRead, error::ReadError},
};

/// The next field.
pub(super) fn read<'a, T>(rest: &mut &'a [u8]) -> Result<T, ReadError>
where
    T: SchemaRead<'a, BorshConfig, Dst = T>,
{
    T::get(rest)
}
