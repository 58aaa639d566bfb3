//! The stand-in's instructions in the VM: what they store and what they refuse.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod accounts;
mod reveals;
mod world;
