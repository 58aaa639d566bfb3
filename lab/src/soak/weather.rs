//! Lets the weather come and go: over every proxy by itself, by the seed.

use std::{sync::Arc, time::Duration};

use rand::{Rng as _, rngs::StdRng};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    chance,
    diary::Diary,
    post::Post,
    sky::Sky,
    spells::{GatewaySpell, NodeSpell, PostgresSpell, gateway_spell, path},
};
use crate::{
    GatewayFault, GatewayWeather, Notifications, RpcFault, RpcProxy, Rule, RuleId, TcpWeather,
};

/// Share of spells that are fair weather.
const FAIR: f64 = 0.35;

/// Undoes a spell.
type Lift = Box<dyn FnOnce() + Send>;

/// How long a spell lasts (seconds).
type Length = (f64, f64);

/// What the weather is made by.
#[derive(Clone)]
pub struct Climate {
    pub seed: u64,
    pub sky: Arc<Sky>,
    pub diary: Diary,
    /// What spells to leave out speak of.
    pub without: Arc<[String]>,
    pub over: CancellationToken,
}

/// Begins the weather over all keepers and the gateway.
pub fn begin(
    climate: &Climate,
    posts: &[Arc<Post>],
    gateway: &GatewayWeather,
    oracles: usize,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for post in posts {
        for (index, part) in ["first endpoint", "second endpoint"]
            .into_iter()
            .enumerate()
        {
            let Some(proxy) = post.rpc.get(index).map(handles) else {
                continue;
            };
            let place = format!("{} {part}", post.name);
            tasks.spawn(
                climate
                    .clone()
                    .spells(place, (3.0, 15.0), FAIR, move |rng| over_node(&proxy, rng)),
            );
        }
        let both = post.rpc.each_ref().map(handles);
        let place = format!("{} both endpoints", post.name);
        tasks.spawn(
            climate
                .clone()
                .spells(place, (2.0, 6.0), 0.9, move |_| down(&both)),
        );
        let postgres = post.postgres.weather.clone();
        let place = format!("{} postgres", post.name);
        tasks.spawn(climate.clone().spells(place, (3.0, 20.0), 0.6, move |rng| {
            over_postgres(&postgres, rng)
        }));
    }
    let over = gateway.clone();
    tasks.spawn(
        climate
            .clone()
            .spells("gateway".to_owned(), (3.0, 15.0), 0.5, move |rng| {
                over_gateway(&over, rng, oracles)
            }),
    );
    let over = gateway.clone();
    tasks.spawn(
        climate
            .clone()
            .spells("oracles".to_owned(), (45.0, 100.0), 0.4, move |rng| {
                mute_oracle(&over, rng, oracles)
            }),
    );
    tasks
}

impl Climate {
    /// Casts one spell after the other over a place, as long as there is weather. The
    /// `fair` share of them are pauses.
    async fn spells(
        self,
        place: String,
        (shortest, longest): Length,
        fair: f64,
        cast: impl Fn(&mut StdRng) -> (String, Lift) + Send + 'static,
    ) {
        let mut rng = chance::sequence(self.seed, &place);
        while !self.over.is_cancelled() {
            let now = self.diary.now();
            if let Some(end) = self.sky.calm_until(now) {
                self.wait(end.saturating_sub(now)).await;
                continue;
            }
            let length = chance::seconds(&mut rng, shortest, longest);
            let length = length.min(self.sky.next_calm(now).saturating_sub(now));
            if rng.random_bool(fair) {
                self.wait(length).await;
                continue;
            }
            let (what, lift) = cast(&mut rng);
            if self.without.iter().any(|word| what.contains(word)) {
                lift();
                self.wait(length).await;
                continue;
            }
            self.diary.note_for(&place, what, length);
            self.wait(length).await;
            lift();
        }
    }

    /// Waits so long, or until the weather is over.
    async fn wait(&self, length: Duration) {
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.over.cancelled() => {}
        }
    }
}

/// The handles of a proxy, which outlive a borrow of it.
type Handles = (crate::RpcWeather, crate::Sockets);

fn handles(proxy: &RpcProxy) -> Handles {
    (proxy.weather.clone(), proxy.sockets.clone())
}

fn over_node((weather, sockets): &Handles, rng: &mut StdRng) -> (String, Lift) {
    let spell = NodeSpell::cast(rng);
    let rules: Vec<_> = spell
        .rules
        .into_iter()
        .map(|rule| weather.add(rule))
        .collect();
    sockets.set_notifications(spell.notifications);
    if spell.disconnects {
        sockets.disconnect_all();
    }
    if spell.down {
        weather.set_down(true);
    }
    let (weather, sockets) = (weather.clone(), sockets.clone());
    let lift = move || {
        for rule in rules {
            weather.remove(rule);
        }
        sockets.set_notifications(Notifications::default());
        if spell.down {
            weather.set_down(false);
        }
    };
    (spell.what.join(", "), Box::new(lift))
}

/// By rules of its own, so that the spell over one endpoint does not end it.
fn down(both: &[Handles; 2]) -> (String, Lift) {
    let lifts = both.clone().map(|(weather, sockets)| {
        let rule = weather.add(Rule::any(RpcFault::LoseRequest));
        sockets.refuse(true);
        sockets.disconnect_all();
        move || {
            weather.remove(rule);
            sockets.refuse(false);
        }
    });
    let lift = move || {
        for lift in lifts {
            lift();
        }
    };
    ("down".to_owned(), Box::new(lift))
}

fn over_postgres(weather: &TcpWeather, rng: &mut StdRng) -> (String, Lift) {
    let (what, spell) = PostgresSpell::cast(rng);
    match spell {
        PostgresSpell::Cut => weather.cut_all(),
        PostgresSpell::Fails(share) => {
            weather.set_fail_share(share);
            weather.cut_all();
        }
        PostgresSpell::Refused => {
            weather.refuse(true);
            weather.cut_all();
        }
        PostgresSpell::Stalled => weather.set_stalled(true),
        PostgresSpell::Slow(delay) => weather.set_delay(Some(delay)),
    }
    let weather = weather.clone();
    (what, Box::new(move || weather.clear()))
}

fn over_gateway(weather: &GatewayWeather, rng: &mut StdRng, oracles: usize) -> (String, Lift) {
    let (what, spell) = gateway_spell(rng, oracles);
    let weather = weather.clone();
    match spell {
        GatewaySpell::Down => {
            weather.set_down(true);
            (what, Box::new(move || weather.set_down(false)))
        }
        GatewaySpell::Fault(rule) => {
            let rule = weather.add(rule);
            (what, lift(weather, rule))
        }
    }
}

/// Long enough for a draw to be given up and made again by another oracle.
fn mute_oracle(weather: &GatewayWeather, rng: &mut StdRng, oracles: usize) -> (String, Lift) {
    let oracle = rng.random_range(0..oracles.max(1));
    let rule = weather.add(Rule::on(path(oracle), GatewayFault::Status(503)));
    (format!("oracle {oracle} mute"), lift(weather.clone(), rule))
}

/// Lifts a rule. Whether it was in force still is all one.
fn lift(weather: GatewayWeather, rule: RuleId) -> Lift {
    Box::new(move || {
        weather.remove(rule);
    })
}
