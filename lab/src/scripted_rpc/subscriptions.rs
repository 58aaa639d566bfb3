//! What is told over WebSockets.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{
    Ledger, RpcError,
    accounts::{Filters, View, address, invalid},
    chain::Level,
    commitment::with_context,
    state::State,
};
use crate::rpc::{Call, Link};

/// Every open WebSocket and what it wants to be told.
#[derive(Default)]
pub(super) struct Subscriptions {
    sessions: BTreeMap<u64, Session>,
    last_session: u64,
    last_subscription: u64,
}

struct Session {
    out: mpsc::UnboundedSender<Utf8Bytes>,
    topics: BTreeMap<u64, Topic>,
}

enum Topic {
    Slot,
    Signature {
        signature: Signature,
        level: Level,
    },
    Account {
        address: Pubkey,
        view: View,
    },
    Program {
        program: Pubkey,
        view: View,
        filters: Filters,
    },
}

impl Topic {
    /// What a subscription asks for; `None` for a method that is none.
    fn of(method: &str, params: &Value) -> Option<Result<Self, RpcError>> {
        let topic = match method {
            "slotSubscribe" => Ok(Self::Slot),
            "signatureSubscribe" => Self::signature(params),
            "accountSubscribe" => Self::account(params),
            "programSubscribe" => Self::program(params),
            _ => return None,
        };
        Some(topic)
    }

    fn signature(params: &Value) -> Result<Self, RpcError> {
        let signature = params.get(0).and_then(Value::as_str);
        let signature = signature.and_then(|text| text.parse().ok());
        Ok(Self::Signature {
            signature: signature.ok_or_else(|| invalid("signature"))?,
            level: Level::of(params)?,
        })
    }

    fn account(params: &Value) -> Result<Self, RpcError> {
        Ok(Self::Account {
            address: address(params, 0)?,
            view: View::of(params)?,
        })
    }

    fn program(params: &Value) -> Result<Self, RpcError> {
        Ok(Self::Program {
            program: address(params, 0)?,
            view: View::of(params)?,
            filters: Filters::of(params)?,
        })
    }
}

/// Opens a WebSocket.
pub(super) fn open(ledger: Ledger) -> Link {
    let (to_node, mut requests) = mpsc::unbounded_channel::<Utf8Bytes>();
    let (out, from_node) = mpsc::unbounded_channel();
    let session = ledger.change(|state| state.subscriptions.open(out));
    tokio::spawn(async move {
        while let Some(text) = requests.recv().await {
            let call = serde_json::from_str(&text).ok().and_then(Call::parse);
            let Some(call) = call else { continue };
            let script = ledger.read(|state| state.scripts.answers.get(&call.method).cloned());
            match script.map(|answer| answer(&call.params)) {
                Some(Err(refusal)) => {
                    let answer = call.failed(refusal);
                    ledger.read(|state| state.subscriptions.say(session, &answer));
                }
                _ => ledger.change(|state| state.subscription_call(session, &call)),
            }
        }
        ledger.change(|state| state.subscriptions.sessions.remove(&session));
    });
    Link { to_node, from_node }
}

impl Subscriptions {
    fn open(&mut self, out: mpsc::UnboundedSender<Utf8Bytes>) -> u64 {
        self.last_session += 1;
        let topics = BTreeMap::new();
        self.sessions
            .insert(self.last_session, Session { out, topics });
        self.last_session
    }

    fn answer(&mut self, session: u64, call: &Call) -> Value {
        let Some(session) = self.sessions.get_mut(&session) else {
            return Value::Null;
        };
        if let Some(topic) = Topic::of(&call.method, &call.params) {
            return match topic {
                Ok(topic) => {
                    self.last_subscription += 1;
                    session.topics.insert(self.last_subscription, topic);
                    call.succeeded(self.last_subscription.into())
                }
                Err(error) => call.failed(error),
            };
        }
        if call.method.ends_with("Unsubscribe") {
            let id = call.params.get(0).and_then(Value::as_u64);
            let was = id.and_then(|id| session.topics.remove(&id)).is_some();
            return call.succeeded(was.into());
        }
        call.failed(RpcError::new(-32601, "Method not found"))
    }

    fn say(&self, session: u64, message: &Value) {
        if let Some(session) = self.sessions.get(&session) {
            session.send(message);
        }
    }

    /// Tells every subscription for which there is something to tell.
    fn tell(&self, mut what: impl FnMut(&Topic) -> Option<(&'static str, Value)>) {
        for session in self.sessions.values() {
            for (id, topic) in &session.topics {
                if let Some((method, result)) = what(topic) {
                    session.tell(*id, method, &result);
                }
            }
        }
    }
}

impl Session {
    fn tell(&self, subscription: u64, method: &str, result: &Value) {
        self.send(&json!({
            "jsonrpc": "2.0",
            "method": method,
            "params": {"result": result, "subscription": subscription},
        }));
    }

    fn send(&self, message: &Value) {
        // Whoever has gone needs no telling.
        let _ = self.out.send(message.to_string().into());
    }
}

impl State {
    fn subscription_call(&mut self, session: u64, call: &Call) {
        let answer = self.subscriptions.answer(session, call);
        self.subscriptions.say(session, &answer);
        // What landed already is told at once.
        self.announce_signatures();
    }

    /// Tells of a new slot, and of what it made certain.
    pub fn announce_slot(&mut self) {
        let slot = self.chain.slot(Level::Processed);
        let root = self.chain.slot(Level::Finalized);
        self.subscriptions.tell(|topic| match topic {
            Topic::Slot => {
                let told = json!({"slot": slot, "parent": slot - 1, "root": root});
                Some(("slotNotification", told))
            }
            _ => None,
        });
        self.announce_signatures();
    }

    /// Tells of transactions that are as sure as somebody wanted; each subscription is
    /// told once and ends.
    pub fn announce_signatures(&mut self) {
        let mut sessions = std::mem::take(&mut self.subscriptions.sessions);
        for session in sessions.values_mut() {
            let told = |topic: &Topic| match topic {
                Topic::Signature { signature, level } => self
                    .landing(signature)
                    .filter(|(_, reached)| reached >= level)
                    .map(|(landing, _)| {
                        let slot = self.chain.slot(*level);
                        with_context(slot, json!({ "err": landing.error }))
                    }),
                _ => None,
            };
            let due: Vec<(u64, Value)> = session
                .topics
                .iter()
                .filter_map(|(id, topic)| Some((*id, told(topic)?)))
                .collect();
            for (id, result) in due {
                session.topics.remove(&id);
                session.tell(id, "signatureNotification", &result);
            }
        }
        self.subscriptions.sessions = sessions;
    }

    pub fn set_account(&mut self, address: Pubkey, account: Account) {
        self.announce_account(&address, &account);
        self.accounts.insert(address, account);
    }

    pub fn remove_account(&mut self, address: &Pubkey) {
        if self.accounts.remove(address).is_some() {
            self.announce_account(address, &Account::default());
        }
    }

    fn announce_account(&self, changed: &Pubkey, account: &Account) {
        let slot = self.chain.slot(Level::Processed);
        self.subscriptions.tell(|topic| match topic {
            Topic::Account { address, view } if address == changed => Some((
                "accountNotification",
                with_context(slot, view.show(account)),
            )),
            Topic::Program {
                program,
                view,
                filters,
            } if *program == account.owner && filters.admit(account) => Some((
                "programNotification",
                with_context(slot, view.show_keyed(changed, account)),
            )),
            _ => None,
        });
    }
}
