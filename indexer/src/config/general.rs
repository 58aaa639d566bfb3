//! Variables that other tools read too: who has set them need not say it again.

use super::Options;

/// Fills in nodes and databases that were not named with those that RPC_URL, WS_URL,
/// DATABASE_URL and DATABASE_READ_URL name.
pub(super) fn fill(named: Options, variable: impl Fn(&str) -> Option<String>) -> Options {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    let secret = |name| variable(name).map(|value| value.as_str().into());
    let mut general = Options {
        rpc_url: variable("RPC_URL"),
        ws_url: variable("WS_URL"),
        database_url: secret("DATABASE_URL"),
        database_read_url: secret("DATABASE_READ_URL"),
        ..Options::default()
    };
    // They go together: the WebSocket of one node beside another node, or the replica of
    // one database beside another, would contradict it for ever.
    if named.rpc_url.is_some() {
        general.ws_url = None;
    }
    if named.database_url.is_some() {
        general.database_read_url = None;
    }
    named.or(general)
}
