use std::time::Duration;

/// How the sender behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Compute limit, as a multiple of what the simulation used (percent).
    pub compute_margin_percent: u32,
    /// Pause between two questions for the state of what was sent …
    pub poll: Duration,
    /// … and while subscriptions tell of it.
    pub poll_when_told: Duration,
    /// Pause between two broadcasts of the same bytes.
    pub rebroadcast: Duration,
    /// Whether to subscribe to what becomes of transactions.
    pub subscribe: bool,
    /// Blocks waited past the last valid one before a transaction is declared dead,
    /// so that a node a little behind cannot make us sign twice.
    pub dead_margin: u64,
    /// How often an expired transaction is signed anew by [`send`](super::Sender::send).
    pub attempts: u32,
    /// How long its caller waits for a transaction that may still land …
    pub patience: Duration,
    /// … or whose blockhash has expired, but not provably without effect.
    pub patience_after_expiry: Duration,
    /// How long it is followed at all.
    pub forget: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            compute_margin_percent: 115,
            poll: Duration::from_millis(100),
            poll_when_told: Duration::from_millis(500),
            rebroadcast: Duration::from_secs(2),
            subscribe: true,
            dead_margin: 5,
            attempts: 3,
            patience: Duration::from_secs(300),
            patience_after_expiry: Duration::from_secs(180),
            forget: Duration::from_secs(1_800),
        }
    }
}
