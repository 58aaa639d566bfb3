//! What happens to questions to a gateway. The gateway behind the proxy answers as an
//! oracle's does, with values that mean nothing.

use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{post, soon};
use crate::{
    Decision, GatewayFault, HttpProxy, Moment, Rule,
    http::{self, Reply},
    listen,
};

const PATH: &str = "/3/gateway/api/v1/randomness_reveal";

fn truth() -> Value {
    json!({
        "signature": BASE64_STANDARD.encode([5; 64]),
        "recovery_id": 1,
        "value": vec![9; 32],
    })
}

struct Lab {
    proxy: HttpProxy,
    _gateway: (DropGuard, watch::Sender<bool>),
}

async fn lab() -> Lab {
    let (listener, address) = listen::any().await.unwrap();
    let stop = CancellationToken::new();
    let up = watch::Sender::new(false);
    let answer = |request: http::Request| async move {
        let asked: Option<Value> = serde_json::from_slice(&request.body).ok();
        match asked {
            Some(asked) if request.path == PATH && asked["slot"] == 4 => {
                Reply::json(truth().to_string())
            }
            _ => Reply::status(404, None),
        }
    };
    tokio::spawn(http::serve(listener, up.subscribe(), stop.clone(), answer));
    Lab {
        proxy: HttpProxy::start(format!("http://{address}"), 1)
            .await
            .unwrap(),
        _gateway: (stop.drop_guard(), up),
    }
}

impl Lab {
    async fn ask(&self) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}{PATH}", self.proxy.url());
        post(&url, &json!({"slot": 4})).await
    }

    async fn answer(&self) -> Value {
        self.ask().await.unwrap().json().await.unwrap()
    }

    fn next(&self, fault: GatewayFault) {
        self.proxy.weather.add(Rule::on(PATH, fault).next(1));
    }
}

#[tokio::test]
async fn fair_weather_changes_nothing() {
    let lab = lab().await;
    assert_eq!(lab.answer().await, truth());
    let elsewhere = format!("{}/elsewhere", lab.proxy.url());
    assert_eq!(post(&elsewhere, &json!({})).await.unwrap().status(), 404);
    assert_eq!(lab.proxy.weather.count(PATH), 1);
}

#[tokio::test]
async fn questions_are_lost_refused_and_late() {
    let lab = lab().await;
    lab.next(GatewayFault::LoseRequest);
    assert!(lab.ask().await.is_err());
    lab.next(GatewayFault::Status(503));
    assert_eq!(lab.ask().await.unwrap().status(), 503);
    assert_eq!(lab.proxy.weather.forwarded(PATH), 0);

    lab.proxy.weather.set_down(true);
    assert!(lab.ask().await.is_err());
    lab.proxy.weather.set_down(false);

    let delay = Duration::from_millis(100);
    lab.next(GatewayFault::slow(delay));
    let asked = Instant::now();
    assert_eq!(lab.answer().await, truth());
    assert!(asked.elapsed() >= delay);

    lab.next(GatewayFault::LoseAnswer);
    assert!(lab.ask().await.is_err());
    assert_eq!(lab.proxy.weather.forwarded(PATH), 2);
}

#[tokio::test]
async fn answers_are_no_json_cut_or_without_end() {
    let lab = lab().await;
    lab.next(GatewayFault::Garbage);
    assert!(lab.ask().await.unwrap().json::<Value>().await.is_err());
    lab.next(GatewayFault::Truncate);
    assert!(lab.ask().await.unwrap().bytes().await.is_err());
    lab.next(GatewayFault::Endless);
    let mut response = lab.ask().await.unwrap();
    let mut read = 0;
    while read < 1_000_000 {
        read += soon(response.chunk()).await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn each_part_of_an_answer_is_wrong_on_demand() {
    let lab = lab().await;
    for (fault, member) in [
        (GatewayFault::WrongSignature, "signature"),
        (GatewayFault::WrongValue, "value"),
        (GatewayFault::WrongRecoveryId, "recovery_id"),
    ] {
        lab.next(fault);
        let answer = lab.answer().await;
        for name in ["signature", "value", "recovery_id"] {
            assert_eq!(answer[name] != truth()[name], name == member, "{answer}");
        }
    }
    lab.next(GatewayFault::WrongSignature);
    let answer = lab.answer().await;
    let signature = BASE64_STANDARD
        .decode(answer["signature"].as_str().unwrap())
        .unwrap();
    let flipped: u32 = signature.iter().map(|byte| (byte ^ 5).count_ones()).sum();
    assert_eq!((signature.len(), flipped), (64, 1));

    lab.next(GatewayFault::tamper_with(|answer| {
        answer["value"] = json!([])
    }));
    assert_eq!(lab.answer().await["value"], json!([]));
}

#[tokio::test]
async fn a_hook_holds_both_instants_and_can_inject() {
    let lab = lab().await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    lab.proxy.weather.on_request(move |seen| {
        let told = told.clone();
        async move {
            let asked = seen.params["slot"].as_u64();
            told.send((seen.moment, asked, seen.answer.is_some()))
                .unwrap();
            match seen.moment {
                Moment::BeforeForward => Decision::Pass,
                Moment::BeforeAnswer => Decision::Inject(GatewayFault::Status(502)),
            }
        }
    });
    assert_eq!(lab.ask().await.unwrap().status(), 502);
    assert_eq!(
        heard.recv().await,
        Some((Moment::BeforeForward, Some(4), false))
    );
    assert_eq!(
        heard.recv().await,
        Some((Moment::BeforeAnswer, Some(4), true))
    );
    assert_eq!(lab.proxy.weather.forwarded(PATH), 1);
}
