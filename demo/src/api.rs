//! The indexer's API, as any client sees it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A client of one API.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    base: String,
}

impl Api {
    /// `base` as in `http://127.0.0.1:8080`.
    pub fn new(base: impl Into<String>) -> Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(10))
                .build()?,
            base: base.into(),
        })
    }

    /// GETs a path; an error status is an error that carries the answer.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let url = format!("{}{path}", self.base);
        let response = self
            .http
            .get(&url)
            .send()
            .await
            .with_context(|| format!("asking {url}"))?;
        let status = response.status();
        let text = response.text().await?;
        anyhow::ensure!(status.is_success(), "{url} answered {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("{url} answered no JSON: {text}"))
    }
}
