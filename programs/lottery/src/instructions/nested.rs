//! Groups of accounts that several instructions share. Anchor's derive looks up what
//! it generated for a group beside the struct that nests it; a glob brings all of it.

pub use super::settlement::*;
pub use crate::{events::*, money::*};
