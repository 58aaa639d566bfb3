//! An HTTP exchange through the weather.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use hyper::Method;
use serde_json::Value;

use super::{
    Call, Node, RpcFault, RpcWeather,
    call::{Calls, RpcError, parse_error},
    history::History,
};
use crate::{
    http::{Reply, Request},
    lock::lock,
    weather::{Moment, Seen, Via},
};

pub(super) struct Exchange<N> {
    pub node: N,
    pub weather: RpcWeather,
    history: Mutex<History>,
}

/// A request on its way, and what is going to happen to it.
struct Admitted {
    call: Call,
    seen: Seen,
    faults: Vec<RpcFault>,
    /// Answered without being forwarded.
    refused: Option<Value>,
}

/// What becomes of a body once all of its requests are answered.
#[derive(Default)]
struct Shape {
    delay: Duration,
    lost: bool,
    garbage: bool,
    /// Truncated; whether its length is declared as a whole one's.
    truncated: Option<bool>,
    status: Option<(u16, Option<Duration>)>,
}

impl<N: Node> Exchange<N> {
    pub fn new(node: N, weather: RpcWeather) -> Self {
        Self {
            node,
            weather,
            history: Mutex::default(),
        }
    }

    pub async fn reply(&self, request: Request) -> Reply {
        if request.method != Method::POST {
            return Reply::status(405, None);
        }
        let exchanged = match Calls::parse(&request.body) {
            None => return Reply::json(parse_error().to_string()),
            Some(Calls::One(call)) => self.exchange(vec![call], false).await,
            Some(Calls::Batch(calls)) => self.exchange(calls, true).await,
        };
        exchanged.unwrap_or_else(|reply| reply)
    }

    /// All requests of a body are admitted before the first one is forwarded: a body
    /// that is lost is lost as a whole. `Err` is a reply that cut things short.
    async fn exchange(&self, calls: Vec<Call>, batch: bool) -> Result<Reply, Reply> {
        let mut admitted = Vec::with_capacity(calls.len());
        for call in calls {
            admitted.push(self.admit(call).await?);
        }
        let mut answers = Vec::with_capacity(admitted.len());
        let mut shape = Shape::default();
        for request in admitted {
            answers.push(self.answer(request, &mut shape).await?);
        }
        let body = match answers.pop() {
            Some(answer) if !batch => answer,
            last => {
                answers.extend(last);
                Value::Array(answers)
            }
        };
        Ok(shape.apply(body).await)
    }

    /// Everything that can keep a request from the node, except for the hook.
    async fn admit(&self, call: Call) -> Result<Admitted, Reply> {
        let seen = self
            .weather
            .admit(&call.method, call.params.clone(), Via::Http);
        let faults = self.weather.strike(&seen);
        let mut admitted = Admitted {
            call,
            seen,
            faults: Vec::new(),
            refused: None,
        };
        for fault in faults {
            self.obstruct(&mut admitted, &fault).await?;
            admitted.faults.push(fault);
        }
        Ok(admitted)
    }

    /// What a fault does before forwarding.
    async fn obstruct(&self, request: &mut Admitted, fault: &RpcFault) -> Result<(), Reply> {
        match fault {
            RpcFault::DelayRequest(range) => tokio::time::sleep(self.weather.draw(range)).await,
            RpcFault::LoseRequest => return Err(Reply::Close),
            RpcFault::HttpStatus {
                status,
                retry_after,
            } => return Err(Reply::status(*status, *retry_after)),
            RpcFault::RateLimit(limiter) if !limiter.admits(Instant::now()) => {
                return Err(Reply::status(429, None));
            }
            RpcFault::RpcError { code, message } => {
                let error = RpcError::new(*code, message.as_str());
                request.refused = Some(request.call.failed(error));
            }
            _ => {}
        }
        Ok(())
    }

    async fn answer(&self, mut request: Admitted, shape: &mut Shape) -> Result<Value, Reply> {
        for fault in &request.faults {
            if let RpcFault::Reorder { longest } = fault {
                self.weather.hold(&request.seen, *longest).await;
            }
        }
        let mut answer = match request.refused.take() {
            Some(refusal) => refusal,
            None => self.forward(&mut request).await?,
        };
        for fault in &request.faults {
            self.tamper(fault, &request.seen, &mut answer, shape);
        }
        Ok(answer)
    }

    /// Forwards with the hook before and after; the answer goes into the history.
    async fn forward(&self, request: &mut Admitted) -> Result<Value, Reply> {
        if let Some(fault) = self.weather.decide(&request.seen).await {
            self.obstruct(request, &fault).await?;
            if let RpcFault::Reorder { longest } = fault {
                self.weather.hold(&request.seen, longest).await;
            }
            request.faults.push(fault);
            if let Some(refusal) = request.refused.take() {
                return Ok(refusal);
            }
        }
        let twice = |fault: &RpcFault| matches!(fault, RpcFault::Duplicate);
        let again = request.faults.iter().any(twice);
        let answer = self.node.answer(&request.call).await;
        self.weather.note_forwarded(&request.seen);
        if again {
            // The second answer tells nothing that the first did not.
            let _ = self.node.answer(&request.call).await;
            self.weather.note_forwarded(&request.seen);
        }
        let answer = answer?;
        lock(&self.history).record(&request.call, &answer, Instant::now());

        request.seen.moment = Moment::BeforeAnswer;
        request.seen.answer = Some(Arc::new(answer.clone()));
        request
            .faults
            .extend(self.weather.decide(&request.seen).await);
        Ok(answer)
    }

    /// What a fault does to the answer, or to the body that it will be in. An injected
    /// status comes here too.
    fn tamper(&self, fault: &RpcFault, seen: &Seen, answer: &mut Value, shape: &mut Shape) {
        match fault {
            RpcFault::DelayAnswer(range) => shape.delay += self.weather.draw(range),
            RpcFault::LoseAnswer => shape.lost = true,
            RpcFault::Garbage => shape.garbage = true,
            RpcFault::Truncate { claim_whole } => shape.truncated = Some(*claim_whole),
            RpcFault::Stale(lag) => {
                lock(&self.history).age(seen, *lag, answer, Instant::now());
            }
            RpcFault::Lie(lie) => lie.tell(seen, answer),
            RpcFault::HttpStatus {
                status,
                retry_after,
            } => shape.status = Some((*status, *retry_after)),
            RpcFault::RpcError { code, message } => {
                let id = answer.get("id").cloned().unwrap_or_default();
                let call = Call {
                    id,
                    method: seen.method.to_string(),
                    params: Value::Null,
                };
                *answer = call.failed(RpcError::new(*code, message.as_str()));
            }
            RpcFault::DelayRequest(_)
            | RpcFault::LoseRequest
            | RpcFault::RateLimit(_)
            | RpcFault::Reorder { .. }
            | RpcFault::Duplicate => {}
        }
    }
}

impl Shape {
    async fn apply(self, body: Value) -> Reply {
        tokio::time::sleep(self.delay).await;
        if self.lost {
            return Reply::Close;
        }
        if let Some((status, retry_after)) = self.status {
            return Reply::status(status, retry_after);
        }
        if self.garbage {
            return Reply::garbage();
        }
        let whole = Reply::json(body.to_string());
        match self.truncated {
            Some(claim_whole) => whole.halved(claim_whole),
            None => whole,
        }
    }
}
