//! Word that a lease was released, so that a follower need not wait for its next look.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{leadership::POLL, lease::RELEASED};

/// Longest wait for a connection that listens.
const LISTEN_LIMIT: Duration = Duration::from_secs(5);

/// Passes on that the lease was released. Only the polls are to be relied upon: a
/// connection may be dead without anybody noticing.
pub(super) async fn listen(options: PgConnectOptions, name: String, released: Arc<Notify>) {
    loop {
        let Err(error) = hear(&options, &name, &released).await;
        tracing::debug!(
            error = crate::text::scrub(&error),
            "nothing is heard of releases"
        );
        sleep(POLL.mul_f64(rand::random_range(1.0..3.0))).await;
    }
}

async fn hear(
    options: &PgConnectOptions,
    name: &str,
    released: &Notify,
) -> Result<std::convert::Infallible, sqlx::Error> {
    // A pool because a listener wants one.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(LISTEN_LIMIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(options.clone());
    let listening = async {
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(RELEASED).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    let mut listener = timeout(LISTEN_LIMIT, listening)
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)??;
    loop {
        if listener.recv().await?.payload() == name {
            released.notify_one();
        }
    }
}
