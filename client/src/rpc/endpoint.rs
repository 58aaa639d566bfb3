//! One node, and how far it is to be trusted at the moment.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::fault::{Fault, Reaction, parse};

/// First and longest rest of an endpoint that fails.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(15);

/// How long an endpoint rests that said what cannot be true.
const REST_OF_A_LIAR: Duration = Duration::from_secs(60);

/// Largest answer taken (bytes); a scan of 100,000 entries has about 40 MB.
const MAX_BODY: usize = 512 * 1024 * 1024;

/// Where a node is.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    pub http: String,
    /// Without one no subscriptions are made there.
    pub ws: Option<String>,
}

/// How an endpoint is at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    /// Of answers to small questions, smoothed; zero before the first.
    pub latency: Duration,
    /// Failures in a row.
    pub strikes: u32,
    /// After failures, until it answers.
    resting_until: Option<Instant>,
    /// Whether or not it answers: it asked for it, or misled us.
    shunned_until: Option<Instant>,
}

impl Health {
    /// Whether it is left alone for now.
    pub fn is_resting(&self, now: Instant) -> bool {
        let until = self.resting_until.max(self.shunned_until);
        until.is_some_and(|until| now < until)
    }

    /// Whether it is left alone whether or not it answers.
    pub fn is_shunned(&self, now: Instant) -> bool {
        self.shunned_until.is_some_and(|until| now < until)
    }
}

/// A node.
pub struct Endpoint {
    pub url: EndpointUrl,
    health: Mutex<Health>,
}

impl Endpoint {
    pub fn new(url: EndpointUrl) -> Self {
        Self {
            url,
            health: Mutex::new(Health {
                latency: Duration::ZERO,
                strikes: 0,
                resting_until: None,
                shunned_until: None,
            }),
        }
    }

    pub fn health(&self) -> Health {
        *self.lock()
    }

    // Nobody panics while holding it, and plain numbers stay sound.
    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks; the body is read to its end within `timeout`.
    pub async fn post(
        &self,
        http: &reqwest::Client,
        body: String,
        timeout: Duration,
    ) -> Result<Value, Fault> {
        match tokio::time::timeout(timeout, self.exchange(http, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Timeout(timeout)),
        }
    }

    async fn exchange(&self, http: &reqwest::Client, body: String) -> Result<Value, Fault> {
        // The error of a request would print the URL, and its API key.
        let unreachable =
            |error: reqwest::Error| Fault::Unreachable(error.without_url().to_string());
        let mut response = http
            .post(&self.url.http)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            let retry_after = response
                .headers()
                .get("retry-after")
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .map(Duration::from_secs);
            return Err(Fault::Status {
                status: status.as_u16(),
                retry_after,
            });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > MAX_BODY {
                return Err(Fault::Malformed("it does not end".into()));
            }
            bytes.extend_from_slice(&chunk);
        }
        parse(&bytes)
    }

    /// Notes an answer to a question that took so long.
    pub fn answered(&self, took: Option<Duration>) {
        let mut health = self.lock();
        health.strikes = 0;
        health.resting_until = None;
        if let Some(took) = took {
            health.latency = match health.latency {
                Duration::ZERO => took,
                smoothed => (smoothed * 7 + took) / 8,
            };
        }
    }

    /// Notes a fault.
    pub fn failed(&self, reaction: Reaction) {
        let mut health = self.lock();
        let now = Instant::now();
        match reaction {
            Reaction::GiveUp | Reaction::FailOver => {}
            Reaction::Rest(rest) => {
                health.shunned_until = health.shunned_until.max(Some(now + rest));
            }
            Reaction::Strike => {
                health.strikes = health.strikes.saturating_add(1);
                let doublings = health.strikes.saturating_sub(1).min(8);
                let rest = (FIRST_REST * (1 << doublings)).min(LONGEST_REST);
                health.resting_until = Some(now + rest);
            }
        }
    }

    /// Notes that it has misled us.
    pub fn lied(&self) {
        self.failed(Reaction::Rest(REST_OF_A_LIAR));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::new(EndpointUrl {
            http: "http://127.0.0.1:1".into(),
            ws: None,
        })
    }

    #[test]
    fn an_endpoint_that_fails_rests_longer_and_longer_until_it_answers() {
        let endpoint = endpoint();
        let now = Instant::now();
        assert!(!endpoint.health().is_resting(now));
        endpoint.failed(Reaction::FailOver);
        assert!(!endpoint.health().is_resting(now));
        for _ in 0..20 {
            endpoint.failed(Reaction::Strike);
        }
        assert!(endpoint.health().is_resting(now + LONGEST_REST));
        assert!(!endpoint.health().is_resting(now + LONGEST_REST * 2));
        endpoint.answered(None);
        assert!(!endpoint.health().is_resting(now));
        assert_eq!(endpoint.health().strikes, 0);
    }
}
