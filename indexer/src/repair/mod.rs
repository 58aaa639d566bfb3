//! What operators have done when rows are not as they should be: read anew from the
//! chain, or from what was kept.

pub mod backfill;
pub mod letters;
pub mod resync;
