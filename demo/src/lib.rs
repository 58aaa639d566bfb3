//! Players with real keypairs at a table of their own: what the demo, the
//! end-to-end tests and the burst measurement share.

pub mod api;
pub mod scenario;
pub mod services;
pub mod table;
