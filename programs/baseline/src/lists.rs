//! What a batch reads, positions of accounts, and the lists it keeps.

use anchor_lang::prelude::*;

use crate::{purchase::Order, tell::heap, view::Outcome};

/// Most operations; their payments fit into the event.
pub const MOST: usize = 128;
/// Each operation moves lamports twice at most.
pub const MOST_MOVES: usize = 2 * MOST;
pub const MOST_CLOSED: usize = 64;

pub type Move = (AccountView, AccountView, u64);
pub type Closed = (AccountView, AccountView);

// Where lists lie in the heap, after the event.
pub const MOVES: usize = 12 * 1024;
pub const CLOSED: usize = MOVES + MOST_MOVES * size_of::<Move>();
pub const RESULTS: usize = CLOSED + MOST_CLOSED * size_of::<Closed>();
const _: () = assert!(RESULTS + MOST * 4 <= 32 * 1024);

#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct JoinAt {
    pub house: u8,
    pub game: u8,
    pub entry: u8,
    pub vault: u8,
    pub tokens: u8,
    pub order: Order,
}

#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct PaymentAt {
    pub game: u8,
    pub entry: u8,
    pub player: u8,
    pub vault: u8,
    pub tokens: u8,
}

#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct CloseAt {
    pub game: u8,
    pub entry: u8,
    pub player: u8,
}

/// A list at a fixed place in the heap.
pub struct List<T, const MOST: usize> {
    items: *mut T,
    len: usize,
}

impl<T: Copy, const MOST: usize> List<T, MOST> {
    #[inline(always)]
    pub fn at(offset: usize) -> Self {
        Self {
            items: heap(offset).cast(),
            len: 0,
        }
    }

    #[inline(always)]
    pub fn push(&mut self, item: T) -> Outcome {
        demand!(self.len < MOST, ProgramError::InvalidArgument);
        unsafe { self.items.add(self.len).write(item) };
        self.len = self.len.wrapping_add(1);
        Ok(())
    }

    #[inline(always)]
    pub fn items(&self) -> &[T] {
        unsafe { core::slice::from_raw_parts(self.items, self.len) }
    }
}

/// Reads operations one after another.
pub struct Reader {
    pub at: *const u8,
    pub left: usize,
}

impl Reader {
    #[inline(always)]
    pub fn take<T: Copy>(&mut self) -> Outcome<T> {
        let left = self.left.checked_sub(size_of::<T>());
        self.left = left.ok_or(ProgramError::InvalidInstructionData)?;
        let value = unsafe { self.at.cast::<T>().read_unaligned() };
        self.at = unsafe { self.at.add(size_of::<T>()) };
        Ok(value)
    }
}
