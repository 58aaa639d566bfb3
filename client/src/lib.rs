//! Everything a program needs to talk to the lottery: addresses, instruction
//! builders, decoders, verification of draws, the oracle's gateway, and the one
//! way to send a transaction.

pub mod account;
pub mod address;
pub mod clock;
pub mod gateway;
pub mod history;
pub mod instruction;
pub mod keypair;
pub mod refusal;
pub mod rpc;
pub mod sender;
pub mod token;
pub mod verify;

pub use lottery;
