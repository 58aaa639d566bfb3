//! Every endpoint by itself: the pool would hide a bad one behind the others.

use futures_util::future::join_all;
use lottery_service::doctor::{Findings, Node, ask, check_websocket};

use crate::{config::Config, text};

/// Whether one of the nodes can be asked.
pub(super) async fn check_nodes(config: &Config, findings: &mut Findings) -> bool {
    let asked = join_all(
        config
            .endpoints
            .iter()
            .map(|endpoint| ask(endpoint, config.rpc_timeout)),
    );
    let mut nodes = Vec::new();
    for (endpoint, answer) in config.endpoints.iter().zip(asked.await) {
        match answer {
            Ok(node) => nodes.push(node),
            Err(error) => {
                let remedy = format!("check rpc_url, and that {endpoint} runs");
                findings.bad("node", text::scrub(&error), remedy);
            }
        }
    }
    compare(&nodes, config.max_slot_lag, findings);
    for endpoint in &config.endpoints {
        check_websocket(&endpoint.ws_url, findings).await;
    }
    !nodes.is_empty()
}

/// Holds the nodes against each other: the first says which cluster it is.
fn compare(nodes: &[Node], max_slot_lag: u64, findings: &mut Findings) {
    let best = nodes.iter().map(|node| node.slot).max().unwrap_or(0);
    let cluster = nodes.first().map(|node| node.genesis.as_str());
    for node in nodes {
        let behind = best - node.slot;
        let seen = format!(
            "{}: version {}, slot {}, genesis {}",
            node.endpoint, node.version, node.slot, node.genesis
        );
        if cluster != Some(node.genesis.as_str()) {
            let remedy = "it is of another cluster than the first: name endpoints of one only";
            findings.bad("node", seen, remedy);
        } else if behind > max_slot_lag {
            let remedy = format!("it is {behind} slots behind and would be left aside: replace it");
            findings.doubtful("node", seen, remedy);
        } else {
            findings.good("node", seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use lottery_service::doctor::Level;

    use super::*;
    use crate::config::Endpoint;

    #[test]
    fn nodes_of_other_clusters_and_late_ones_are_found() {
        let endpoint = Endpoint {
            rpc_url: "https://h/SECRET".into(),
            ws_url: "wss://h/SECRET".into(),
        };
        let node = |genesis: &str, slot| Node {
            endpoint: &endpoint,
            version: "4.2.2".into(),
            genesis: genesis.into(),
            slot,
        };
        let mut findings = Findings::default();
        let nodes = [
            node("a", 980),
            node("a", 1_000),
            node("b", 990),
            node("a", 979),
        ];
        compare(&nodes, 20, &mut findings);
        let levels = findings.0.iter().map(|finding| finding.level);
        let expected = [Level::Good, Level::Good, Level::Bad, Level::Doubtful];
        assert!(levels.eq(expected));
        let seen = findings.0.iter().map(|finding| &finding.seen);
        assert!(seen.into_iter().all(|seen| !seen.contains("SECRET")));
    }
}
