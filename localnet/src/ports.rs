//! Ports for several clusters side by side.
//!
//! A cluster needs many ports that its own process binds later, so a port seen free
//! by binding it and letting go may be gone when it is needed. Ports are therefore
//! taken in blocks, and a block belongs to whoever listens on its first port: that
//! holds between processes too, and ends with them. The blocks lie below the range
//! that systems take outgoing ports from.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use crate::{LocalnetError, Result};

const FIRST: u16 = 10_000;
const BLOCKS: u16 = 500;
const BLOCK: u16 = 44;
/// Ports the validator chooses from by itself.
const DYNAMIC: u16 = 32;

// All we name fits a block, and all blocks lie below where outgoing ports start.
const _: () = assert!(5 + DYNAMIC <= BLOCK && FIRST + BLOCKS * BLOCK <= 32_768);

/// A block of ports, ours as long as it is kept.
#[derive(Debug)]
pub(crate) struct Ports {
    base: u16,
    _claim: TcpListener,
}

impl Ports {
    /// Claims a block whose named ports are free.
    pub fn claim() -> Result<Self> {
        // Where processes start looking differs, so that they seldom compete.
        static CLAIMED: AtomicU16 = AtomicU16::new(0);
        let nth = CLAIMED.fetch_add(1, Ordering::Relaxed);
        let start = u16::try_from(process::id() % u32::from(BLOCKS)).unwrap_or(0);
        (0..BLOCKS)
            .map(|step| start.wrapping_add(nth).wrapping_add(step) % BLOCKS)
            .find_map(|block| Self::claim_block(FIRST + block * BLOCK))
            .ok_or(LocalnetError::NoFreePorts)
    }

    fn claim_block(base: u16) -> Option<Self> {
        let claim = listen(base)?;
        let ports = Self {
            base,
            _claim: claim,
        };
        let named = [ports.rpc(), ports.rpc() + 1, ports.faucet(), ports.gossip()];
        let free = named.into_iter().all(|port| listen(port).is_some());
        free.then_some(ports)
    }

    /// The RPC's; the WebSocket's is the next.
    pub fn rpc(&self) -> u16 {
        self.base + 1
    }

    pub fn faucet(&self) -> u16 {
        self.base + 3
    }

    /// Port 8000 for every validator unless it is told otherwise.
    pub fn gossip(&self) -> u16 {
        self.base + 4
    }

    /// The validator's own choice: from the first up to, not including, the second.
    pub fn dynamic(&self) -> (u16, u16) {
        let first = self.base + 5;
        (first, first + DYNAMIC)
    }
}

fn listen(port: u16) -> Option<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    fn two_claims_differ_and_a_claim_ends_with_its_holder() {
        let one = Ports::claim().unwrap();
        let two = Ports::claim().unwrap();
        assert_ne!(one.base, two.base);
        let base = one.base;
        assert!(Ports::claim_block(base).is_none());
        drop(one);
        assert!(Ports::claim_block(base).is_some());
    }
}
