//! A Solana node that is not there: what it answers is under the test's control.
//!
//! It knows slots, blocks, blockhashes that expire, transactions with a [`Fate`], and
//! accounts that a test sets. It executes nothing.

mod accounts;
mod chain;
mod commitment;
mod fate;
mod ledger;
mod methods;
mod sent;
mod simulation;
mod state;
mod subscriptions;

use serde_json::Value;

pub use crate::rpc::RpcError;
pub use chain::Depths;
pub use fate::Fate;
pub use ledger::Ledger;
pub use sent::{Arrival, Landing, Sent};
pub use simulation::Simulation;

use crate::{
    LabError,
    http::Reply,
    rpc::{self, Call, Link, Node, RpcWeather, Served, Sockets},
};

/// A listening node; it ends when this is dropped, and all of its connections with it.
///
/// ```no_run
/// # async fn example() -> Result<(), lottery_lab::LabError> {
/// use lottery_lab::{Fate, RpcFault, Rule, ScriptedRpc, Simulation};
///
/// let node = ScriptedRpc::start(7).await?;
/// node.ledger.simulate_as(Simulation { units: 30_000, ..Default::default() });
/// // The first transaction lands two slots after it came the second time.
/// node.ledger.next_fates([Fate::LandOnSend { nth: 2, after: 2 }]);
/// // The answer to its first broadcast is lost.
/// node.weather.add(Rule::on("sendTransaction", RpcFault::LoseAnswer).next(1));
/// // … a sender runs against `node.url()` …
/// node.ledger.until(|ledger| ledger.arrivals() == 2).await;
/// node.ledger.advance(2);
/// assert_eq!(node.ledger.sent().len(), 1); // the same bytes both times
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedRpc {
    /// What the node knows.
    pub ledger: Ledger,
    /// Faults of requests, counters and hooks.
    pub weather: RpcWeather,
    /// Faults of WebSockets.
    pub sockets: Sockets,
    served: Served,
}

impl ScriptedRpc {
    /// Listens. Chance comes from the seed, and so do blockhashes.
    pub async fn start(seed: u64) -> Result<Self, LabError> {
        let (ledger, weather, sockets) =
            (Ledger::new(seed), RpcWeather::new(seed), Sockets::new(seed));
        let node = Scripted(ledger.clone());
        Ok(Self {
            served: rpc::serve(node, weather.clone(), sockets.clone()).await?,
            ledger,
            weather,
            sockets,
        })
    }

    /// Where requests go.
    pub fn url(&self) -> String {
        self.served.url()
    }

    /// Where WebSockets connect: the port after that of [`url`](Self::url).
    pub fn ws_url(&self) -> String {
        self.served.ws_url()
    }
}

struct Scripted(Ledger);

impl Node for Scripted {
    async fn answer(&self, call: &Call) -> Result<Value, Reply> {
        Ok(match methods::answer(&self.0, &call.method, &call.params) {
            Ok(result) => call.succeeded(result),
            Err(error) => call.failed(error),
        })
    }

    async fn connect(&self) -> Option<Link> {
        Some(subscriptions::open(self.0.clone()))
    }
}
