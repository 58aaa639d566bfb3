//! What can happen to a question to a gateway.

use std::{fmt, ops::RangeInclusive, sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::GatewayWeather;
use crate::{
    http::{Reply, Whole},
    weather::Fault,
};

/// What can happen to a question. The first group keeps it from the gateway; the second
/// lets it through and does something to the answer.
#[derive(Clone, Debug)]
pub enum GatewayFault {
    /// It arrives late; a range is drawn from evenly.
    Slow(RangeInclusive<Duration>),
    /// It never arrives: the connection closes.
    LoseRequest,
    /// A status instead of an answer.
    Status(u16),

    /// It arrives, and the connection closes instead of an answer.
    LoseAnswer,
    /// An HTML page that says it is JSON.
    Garbage,
    /// Half of the answer's body, in a connection that closes.
    Truncate,
    /// An answer that never ends.
    Endless,
    /// One bit of the signature is flipped.
    WrongSignature,
    /// Another value, with the signature of the real one.
    WrongValue,
    /// The recovery id of the other curve point.
    WrongRecoveryId,
    /// The answer's JSON is tampered with.
    Tamper(Tamper),
}

/// A way to tamper with an answer.
#[derive(Clone)]
pub struct Tamper(Arc<dyn Fn(&mut Value) + Send + Sync>);

impl fmt::Debug for Tamper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tamper")
    }
}

impl Fault for GatewayFault {
    fn name(&self) -> &'static str {
        match self {
            Self::Slow(_) => "slow",
            Self::LoseRequest => "lose request",
            Self::Status(_) => "status",
            Self::LoseAnswer => "lose answer",
            Self::Garbage => "garbage",
            Self::Truncate => "truncate",
            Self::Endless => "endless",
            Self::WrongSignature => "wrong signature",
            Self::WrongValue => "wrong value",
            Self::WrongRecoveryId => "wrong recovery id",
            Self::Tamper(_) => "tamper",
        }
    }
}

impl GatewayFault {
    /// A delay of exactly this.
    pub fn slow(delay: Duration) -> Self {
        Self::Slow(delay..=delay)
    }

    /// Tampers with the answer's JSON.
    pub fn tamper_with(tamper: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Tamper(Tamper(Arc::new(tamper)))
    }

    /// What it does before forwarding; `Err` is a reply instead.
    pub(super) async fn obstruct(&self, weather: &GatewayWeather) -> Result<(), Reply> {
        match self {
            Self::Slow(range) => {
                tokio::time::sleep(weather.draw(range)).await;
                Ok(())
            }
            Self::LoseRequest => Err(Reply::Close),
            Self::Status(status) => Err(Reply::status(*status, None)),
            _ => Ok(()),
        }
    }

    /// What it does to the answer; `Err` is a reply instead.
    pub(super) fn tamper(&self, answer: &mut Whole) -> Result<(), Reply> {
        match self {
            Self::LoseAnswer => return Err(Reply::Close),
            Self::Status(status) => return Err(Reply::status(*status, None)),
            Self::Garbage => return Err(Reply::garbage()),
            Self::Truncate => return Err(Reply::Whole(answer.clone()).halved(true)),
            Self::Endless => return Err(Reply::Endless),
            Self::WrongSignature => edit(answer, |json| {
                flip_signature(json);
            }),
            Self::WrongValue => edit(answer, |json| {
                if let Some(byte) = json.pointer_mut("/value/0") {
                    *byte = (byte.as_u64().unwrap_or(0) ^ 1).into();
                }
            }),
            Self::WrongRecoveryId => edit(answer, |json| {
                if let Some(id) = json.get_mut("recovery_id") {
                    *id = (id.as_u64().unwrap_or(0) ^ 1).into();
                }
            }),
            Self::Tamper(tamper) => edit(answer, |json| (tamper.0)(json)),
            Self::Slow(_) | Self::LoseRequest => {}
        }
        Ok(())
    }
}

/// Edits the body, if it is JSON.
fn edit(answer: &mut Whole, edit: impl FnOnce(&mut Value)) {
    if let Ok(mut json) = serde_json::from_slice(&answer.body) {
        edit(&mut json);
        answer.body = json.to_string().into();
    }
}

/// Flips a bit in the middle of `s`, so that the signature stays well-formed.
fn flip_signature(json: &mut Value) -> Option<()> {
    let signature = json.get_mut("signature")?;
    let mut bytes = BASE64_STANDARD.decode(signature.as_str()?).ok()?;
    *bytes.get_mut(48)? ^= 1;
    *signature = BASE64_STANDARD.encode(bytes).into();
    Some(())
}
