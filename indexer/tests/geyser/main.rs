//! What the Geyser source makes of messages, whatever they are. (How it deals with
//! servers is tried by the lab.)

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod blocks;
mod convert;
mod properties;
mod slots;
