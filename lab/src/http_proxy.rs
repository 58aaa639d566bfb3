//! A proxy in front of an oracle's gateway.

mod fault;

use std::{net::SocketAddr, sync::Arc};

use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use fault::{GatewayFault, Tamper};

use crate::{
    LabError,
    http::{self, Reply, Request, Whole},
    listen,
    weather::{Moment, Seen, Via, Weather},
};

/// The weather over a gateway's requests; their method is the path.
pub type GatewayWeather = Weather<GatewayFault>;

/// A listening proxy; it ends when this is dropped, and all of its connections with it.
/// Whatever path is asked for, it asks the gateway for.
///
/// ```no_run
/// # async fn example() -> Result<(), lottery_lab::LabError> {
/// use lottery_lab::{Decision, GatewayFault, HttpProxy, Moment, Rule};
///
/// let proxy = HttpProxy::start("http://127.0.0.1:9000", 7).await?;
/// let oracle = "/0/gateway/api/v1/randomness_reveal";
/// proxy.weather.add(Rule::on(oracle, GatewayFault::WrongSignature).next(2));
/// proxy.weather.on_request(|seen| async move {
///     if seen.moment == Moment::BeforeAnswer {
///         // … kill the keeper, which has not heard the value …
///     }
///     Decision::Pass
/// });
/// // … oracle accounts name `proxy.url()` + "/0" …
/// proxy.weather.set_down(true);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HttpProxy {
    pub weather: GatewayWeather,
    address: SocketAddr,
    _stop: DropGuard,
}

impl HttpProxy {
    /// Listens, before the gateway at this address (`http://host:port`, without a
    /// slash at the end). Chance comes from the seed.
    pub async fn start(upstream: impl Into<String>, seed: u64) -> Result<Self, LabError> {
        let (listener, address) = listen::any().await?;
        let weather = GatewayWeather::new(seed);
        let stop = CancellationToken::new();
        let proxy = Arc::new(Proxy {
            // What the environment says of proxies is not meant for this one.
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .map_err(LabError::Client)?,
            upstream: upstream.into(),
            weather: weather.clone(),
        });
        tokio::spawn(http::serve(
            listener,
            weather.down(),
            stop.clone(),
            move |request| {
                let proxy = proxy.clone();
                async move { proxy.reply(request).await.unwrap_or_else(|reply| reply) }
            },
        ));
        Ok(Self {
            weather,
            address,
            _stop: stop.drop_guard(),
        })
    }

    /// Where the proxy is: in place of the gateway's `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

struct Proxy {
    http: reqwest::Client,
    upstream: String,
    weather: GatewayWeather,
}

impl Proxy {
    /// `Err` is a reply that cut things short.
    async fn reply(&self, request: Request) -> Result<Reply, Reply> {
        let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let mut seen = self.weather.admit(&request.path, body, Via::Http);
        let mut faults = self.weather.strike(&seen);
        for fault in &faults {
            fault.obstruct(&self.weather).await?;
        }
        if let Some(fault) = self.weather.decide(&seen).await {
            fault.obstruct(&self.weather).await?;
            faults.push(fault);
        }
        let mut answer = self.forward(&request, &seen).await?;
        seen.moment = Moment::BeforeAnswer;
        seen.answer = serde_json::from_slice(&answer.body).ok().map(Arc::new);
        faults.extend(self.weather.decide(&seen).await);
        for fault in &faults {
            fault.tamper(&mut answer)?;
        }
        Ok(Reply::Whole(answer))
    }

    async fn forward(&self, request: &Request, seen: &Seen) -> Result<Whole, Reply> {
        let gone = |error: reqwest::Error| {
            tracing::debug!(%error, "the gateway does not answer");
            Reply::Close
        };
        let url = format!("{}{}", self.upstream, request.path);
        let json = HeaderValue::from_static("application/json");
        let content_type = request.headers.get(CONTENT_TYPE).unwrap_or(&json);
        let forwarded = self
            .http
            .request(request.method.clone(), url)
            .header(CONTENT_TYPE, content_type)
            .body(request.body.clone());
        let response = forwarded.send().await.map_err(gone)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(gone)?;
        self.weather.note_forwarded(seen);
        Ok(Whole {
            status,
            content_type: "application/json",
            retry_after: None,
            body,
        })
    }
}
