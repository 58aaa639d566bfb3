//! What is set up on this machine and around it.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{CONNECT, Findings};
use crate::telemetry::unix_time;

/// Seconds that a database's clock may differ by before it is mentioned: it is what
/// tables and dashboards show.
const CLOCK_SLACK: f64 = 5.0;

/// Largest difference between the chain's clock and the machine's that is no
/// cause for concern: the chain's may drift by that much.
const MAX_SKEW: Duration = Duration::from_secs(60);

/// Whether the address that `who` is to listen at is free.
pub async fn check_listen(
    name: &'static str,
    who: &str,
    address: SocketAddr,
    findings: &mut Findings,
) {
    match TcpListener::bind(address).await {
        Ok(_) => findings.good(name, format!("{address} is free")),
        Err(error) => findings.doubtful(
            name,
            format!("{address}: {error}"),
            format!("fine if that is this {who}, running; else choose another address"),
        ),
    }
}

/// Whether the database's clock, which was asked just now, agrees with this machine's
/// (unix seconds); `remedy` is what to do if not.
pub fn server_clock(server_time: f64, remedy: &str, findings: &mut Findings) {
    let ahead = server_time - unix_time();
    let seen = format!("{ahead:+.1} s beside this machine's");
    if ahead.abs() <= CLOCK_SLACK {
        findings.good("database clock", seen);
    } else {
        findings.doubtful("database clock", seen, remedy);
    }
}

/// Whether the chain's clock, read at this slot, agrees with this machine's (unix
/// seconds).
pub fn chain_clock(slot: u64, now: i64, findings: &mut Findings) {
    let machine = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(i64::MAX);
    let skew = machine.abs_diff(now);
    let seen = format!("slot {slot}, {skew} s from the machine's clock");
    if skew <= MAX_SKEW.as_secs() {
        findings.good("clock", seen);
    } else {
        let remedy = "synchronise the machine's clock, or use a node that keeps up";
        findings.bad("clock", seen, remedy);
    }
}

/// Whether something listens there.
pub async fn is_reachable(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = match (has_port, scheme) {
        (true, _) => authority.to_owned(),
        (false, "https") => format!("{authority}:443"),
        (false, "postgres" | "postgresql") => format!("{authority}:5432"),
        (false, _) => format!("{authority}:80"),
    };
    matches!(
        timeout(CONNECT, TcpStream::connect(address)).await,
        Ok(Ok(_))
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[tokio::test]
    async fn whoever_listens_is_found() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let mut findings = Findings::default();
        check_listen("listen", "sample", address, &mut findings).await;
        assert_eq!(findings.0.first().unwrap().level, Level::Doubtful);
        assert!(is_reachable(&format!("postgres://u:p@{address}/db")).await);
        assert!(is_reachable(&format!("http://{address}/x")).await);
        drop(taken);
        assert!(!is_reachable(&format!("http://{address}/x")).await);
    }

    #[test]
    fn a_clock_that_is_off_is_mentioned() {
        let level = |server_time| {
            let mut findings = Findings::default();
            server_clock(server_time, "run NTP", &mut findings);
            findings.0.first().map(|finding| finding.level)
        };
        let now = unix_time();
        assert_eq!(level(now), Some(Level::Good));
        assert_eq!(level(now + 60.0), Some(Level::Doubtful));
        assert_eq!(level(now - 60.0), Some(Level::Doubtful));
    }
}
