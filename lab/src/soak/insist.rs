//! Questions of the run's own, which go to the node directly: a busy one may miss some.

use std::time::Duration;

/// How often a question is asked.
const ATTEMPTS: u32 = 6;

/// Pause between two.
const PAUSE: Duration = Duration::from_secs(2);

/// Asks until it is answered, a few times at most; the last error.
pub async fn insist<T, E>(ask: impl AsyncFn() -> Result<T, E>) -> Result<T, E> {
    let mut attempts = 1;
    loop {
        match ask().await {
            Err(_) if attempts < ATTEMPTS => {
                attempts += 1;
                tokio::time::sleep(PAUSE).await;
            }
            end => return end,
        }
    }
}
