//! Ports to listen on, and who connects there.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::LabError;

/// How often a port is taken whose neighbour turns out not to be free.
const ATTEMPTS: usize = 100;

/// Pause after a connection could not be accepted: most likely no descriptor is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A listener on any free port of the loopback interface, and where it is.
pub(crate) async fn any() -> Result<(TcpListener, SocketAddr), LabError> {
    bind(0).await.map_err(LabError::Listen)
}

/// Listeners on two adjacent ports: a Solana node's WebSocket is on the port after its
/// HTTP one, and clients that are told only the one derive the other.
pub(crate) async fn pair() -> Result<[(TcpListener, SocketAddr); 2], LabError> {
    for _ in 0..ATTEMPTS {
        let first = any().await?;
        let Some(next) = first.1.port().checked_add(1) else {
            continue;
        };
        if let Ok(second) = bind(next).await {
            return Ok([first, second]);
        }
    }
    Err(LabError::NoAdjacentPorts)
}

async fn bind(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The next connection; `None` once stopped.
pub(crate) async fn accept(listener: &TcpListener, stop: &CancellationToken) -> Option<TcpStream> {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => return Some(stream),
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}
