use anchor_lang::prelude::*;

use crate::layout::{self, QueueAccountData};

/// The queue is allocated by the client, in the same transaction, with the System
/// program: it signs there and here, so nobody else can take it over in between.
#[derive(Accounts)]
pub struct QueueInit {
    #[account(mut)]
    pub queue: Signer,
    /// May put oracles on the queue.
    pub authority: Signer,
}

impl QueueInit {
    #[inline(never)]
    pub fn handle(&mut self) -> Result<()> {
        let authority = layout::key(self.authority.address());
        layout::create::<QueueAccountData>(self.queue.account(), |queue| {
            queue.authority = authority;
            Ok(())
        })
    }
}
