//! A proxy of bytes: in front of Postgres, or of anything else that listens on a port.

mod pump;
mod weather;

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use weather::{Chunk, ChunkDecision, Direction, TcpWeather};

use crate::{LabError, listen};

/// A listening proxy; it ends when this is dropped, and all of its connections with it.
///
/// ```no_run
/// # async fn example() -> Result<(), lottery_lab::LabError> {
/// use lottery_lab::{ChunkDecision, Direction, TcpProxy};
///
/// let proxy = TcpProxy::start("127.0.0.1:5432", 7).await?;
/// let url = format!("postgres://postgres@{}/lottery", proxy.address());
/// // A commit that arrives, and whose sender never learns of it.
/// proxy.weather.on_chunk(|chunk| async move {
///     let commit = chunk.bytes.windows(6).any(|word| word == b"COMMIT");
///     match chunk.direction {
///         Direction::ToServer if commit => ChunkDecision::ForwardAndCut,
///         _ => ChunkDecision::Forward,
///     }
/// });
/// // … services run against `url` …
/// proxy.weather.set_stalled(true);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TcpProxy {
    pub weather: TcpWeather,
    address: SocketAddr,
    _stop: DropGuard,
}

impl TcpProxy {
    /// Listens, before the server at `host:port`. Chance comes from the seed.
    pub async fn start(upstream: impl Into<String>, seed: u64) -> Result<Self, LabError> {
        let (listener, address) = listen::any().await?;
        let weather = TcpWeather::new(seed);
        let stop = CancellationToken::new();
        tokio::spawn(serve(
            listener,
            upstream.into(),
            weather.clone(),
            stop.clone(),
        ));
        Ok(Self {
            weather,
            address,
            _stop: stop.drop_guard(),
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(
    listener: TcpListener,
    upstream: String,
    weather: TcpWeather,
    stop: CancellationToken,
) {
    while let Some(mut client) = listen::accept(&listener, &stop).await {
        let Some(connection) = weather.admit() else {
            abort(&client);
            continue;
        };
        let (weather, upstream, stop) = (weather.clone(), upstream.clone(), stop.clone());
        // Subscribed before anybody can know of the connection, so that no cut is missed.
        let mut cut = weather.cuts();
        tokio::spawn(async move {
            let _open = weather.count_open();
            tokio::select! {
                () = stop.cancelled() => {}
                _ = cut.changed() => abort(&client),
                ended = forward(&mut client, &upstream, connection, &weather) => {
                    if ended.is_err() {
                        abort(&client);
                    }
                }
            }
        });
    }
}

async fn forward(
    client: &mut TcpStream,
    upstream: &str,
    connection: u64,
    weather: &TcpWeather,
) -> Result<(), pump::Broken> {
    let mut server = TcpStream::connect(upstream).await?;
    // What comes together is forwarded together; waiting for more only slows it.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    pump::both(client, &mut server, connection, weather).await
}

/// Makes a connection end with a reset instead of in order, as when a machine dies.
fn abort(stream: &TcpStream) {
    // Where this fails the connection ends in order, which is the next best thing.
    let _ = stream.set_zero_linger();
}
