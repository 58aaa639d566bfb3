use bytemuck::Zeroable as _;
use lottery_client::account::Account;
use metrics_exporter_prometheus::PrometheusHandle;

use super::*;
use crate::telemetry::metrics;

/// A chain with one house, watched with a recorder of its own.
struct Scene {
    state: ChainState,
    lags: Lags,
    now: Instant,
    game: Pubkey,
    draw: Pubkey,
    recorder: metrics_exporter_prometheus::PrometheusRecorder,
}

impl Scene {
    fn new() -> Self {
        let mut state = ChainState::default();
        (state.slot, state.now) = (100, 1_000);
        Self {
            state,
            lags: Lags::default(),
            now: Instant::now(),
            game: Pubkey::new_unique(),
            draw: Pubkey::new_unique(),
            recorder: metrics::CATALOGUE.recorder(),
        }
    }

    fn look_after(&mut self, seconds: u64, slots: u64) {
        self.state.slot += slots;
        self.state.now += i64::try_from(seconds).unwrap_or(0);
        self.now += Duration::from_secs(seconds);
        ::metrics::with_local_recorder(&self.recorder, || {
            self.lags.look(&self.state, self.now);
        });
    }

    fn put_game(&mut self, change: impl FnOnce(&mut Game)) {
        let known = self.state.games.get(&self.game).copied();
        let mut game = known.unwrap_or_else(Game::zeroed);
        change(&mut game);
        self.state.put(self.game, Account::Game(game));
    }

    fn put_draw(&mut self, change: impl FnOnce(&mut Draw)) {
        let known = self.state.draws.get(&self.draw).copied();
        let mut draw = known.unwrap_or_else(Draw::zeroed);
        change(&mut draw);
        self.state.put(self.draw, Account::Draw(draw));
    }

    fn handle(&self) -> PrometheusHandle {
        self.recorder.handle()
    }

    fn has(&self, line: &str) -> bool {
        let shown = self.handle().render();
        shown
            .lines()
            .any(|shown| shown == format!("lottery_keeper_{line}"))
    }

    /// Whether the step was taken once, in so many slots and seconds.
    fn took(&self, step: &str, slots: u64, seconds: u64) -> bool {
        self.has(&format!("step_lag_slots_sum{{step=\"{step}\"}} {slots}"))
            && self.has(&format!("step_lag_slots_count{{step=\"{step}\"}} 1"))
            && self.has(&format!(
                "step_lag_seconds_sum{{step=\"{step}\"}} {seconds}"
            ))
    }
}

fn open_until(closes_at: i64) -> impl FnOnce(&mut Game) {
    move |game| {
        game.max_tickets = 10;
        game.tickets = 5;
        game.closes_at = closes_at;
        game.rounds = 1;
    }
}

#[test]
fn a_game_is_followed_from_due_to_paid() {
    let mut stage = Scene::new();
    stage.put_game(open_until(1_005));
    stage.look_after(0, 0);
    assert!(stage.has("games{status=\"open\"} 1"));

    // Due at 1,005, seen a second later, requested two seconds after that.
    stage.look_after(6, 15);
    stage.put_game(|game| game.set_status(GameStatus::Drawing));
    stage.put_draw(|draw| {
        draw.seed_slot = 119;
        draw.games = 1;
    });
    stage.look_after(2, 5);
    assert!(stage.took("request", 5, 3));
    assert!(stage.has("draws_total{stage=\"requested\"} 1"));

    stage.put_draw(|draw| {
        draw.state = Draw::REVEALED;
        draw.reveal_slot = 123;
    });
    stage.look_after(1, 4);
    assert!(stage.took("reveal", 3, 1));

    stage.state.remove(&stage.draw.clone());
    stage.put_game(|game| {
        game.rounds_settled = 1;
        game.set_status(GameStatus::Settled);
    });
    stage.look_after(1, 3);
    assert!(stage.took("settle", 4, 1));
    assert!(stage.has("draws_total{stage=\"settled\"} 1"));
    assert!(stage.has("games_ended_total{outcome=\"settled\"} 1"));

    // Who does not close forgets it then.
    stage.put_game(|game| game.set_flag(Game::FLAG_PAID));
    assert!(stage.state.games.is_empty());
    stage.look_after(4, 10);
    assert!(stage.took("pay", 10, 4));
    assert!(stage.has("games_ended_total{outcome=\"paid\"} 1"));
    stage.look_after(1, 1);
    assert!(stage.took("pay", 10, 4));
}

#[test]
fn what_was_before_the_first_look_is_not_counted() {
    let mut stage = Scene::new();
    stage.put_game(|game| game.set_status(GameStatus::Settled));
    stage.put_draw(|draw| draw.games = 1);
    stage.look_after(0, 0);
    stage.put_draw(|draw| draw.state = Draw::REVEALED);
    stage.put_game(|game| game.set_flag(Game::FLAG_PAID));
    stage.look_after(5, 5);
    assert!(stage.has("draws_total{stage=\"revealed\"} 1"));
    assert!(stage.has("games_ended_total{outcome=\"paid\"} 1"));
    assert!(!stage.handle().render().contains("step_lag"));
    assert!(!stage.handle().render().contains("\"requested\""));
}

#[test]
fn a_draw_that_was_given_up_unseen_is_known_by_its_games() {
    let mut stage = Scene::new();
    stage.look_after(0, 0);
    stage.put_game(|game| {
        game.draw_attempts = 1;
        game.set_status(GameStatus::Drawing);
    });
    stage.put_draw(|draw| draw.games = 1);
    stage.look_after(1, 1);
    stage.state.remove(&stage.draw.clone());
    stage.put_game(|game| game.set_status(GameStatus::Open));
    stage.look_after(1, 1);
    assert!(stage.has("draws_total{stage=\"aborted\"} 1"));
    assert!(!stage.handle().render().contains("stage=\"settled\""));
}
