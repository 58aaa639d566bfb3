//! The program in the real VM.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod games;
