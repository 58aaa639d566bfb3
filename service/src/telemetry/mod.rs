//! What a daemon tells of itself: metrics, whether it gets on, and the server that
//! shows both.
//!
//! A daemon declares its metrics with [`metrics!`](crate::metrics) and the values of
//! their labels with [`label!`](crate::label). Whoever has something to tell calls a
//! function of the daemon's; without a recorder they do nothing.

mod catalogue;
mod health;
mod http;
mod process;
mod stamps;

pub use catalogue::{Catalogue, Metric, Sort};
pub use health::{Check, Report, Vitals};
pub use http::{Served, Server, TelemetryError};
pub use process::{ProcessMetrics, count, flag, number, unix_time};
pub use stamps::Stamps;

#[doc(hidden)]
pub use ::metrics::Unit;
