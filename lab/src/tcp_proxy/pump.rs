//! Forwarding, one connection at a time.

use std::io;

use hyper::body::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
};

use super::{Chunk, ChunkDecision, Direction, TcpWeather};

/// Most bytes forwarded at once.
const CHUNK: usize = 16 * 1024;

/// Why a connection did not end in order.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("cut")]
    Cut,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Forwards both ways until both sides have ended in order, or something breaks.
pub(super) async fn both(
    client: &mut TcpStream,
    server: &mut TcpStream,
    connection: u64,
    weather: &TcpWeather,
) -> Result<(), Broken> {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let way = |direction| Way {
        connection,
        direction,
        weather,
    };
    tokio::try_join!(
        way(Direction::ToServer).forward(from_client, to_server),
        way(Direction::ToClient).forward(from_server, to_client),
    )?;
    Ok(())
}

struct Way<'a> {
    connection: u64,
    direction: Direction,
    weather: &'a TcpWeather,
}

impl Way<'_> {
    async fn forward(self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Broken> {
        let mut buffer = vec![0; CHUNK];
        for seq in 1.. {
            let read = from.read(&mut buffer).await?;
            self.weather.flowing().await;
            if read == 0 {
                break;
            }
            if let Some(delay) = self.weather.draw_delay() {
                tokio::time::sleep(delay).await;
            }
            let bytes = Bytes::copy_from_slice(&buffer[..read]);
            let decision = self.weather.decide(Chunk {
                connection: self.connection,
                direction: self.direction,
                seq,
                bytes: bytes.clone(),
            });
            match decision.await {
                ChunkDecision::Forward => to.write_all(&bytes).await?,
                ChunkDecision::Swallow => continue,
                ChunkDecision::Cut => return Err(Broken::Cut),
                ChunkDecision::ForwardAndCut => {
                    to.write_all(&bytes).await?;
                    self.weather.forwarded();
                    return Err(Broken::Cut);
                }
            }
            self.weather.forwarded();
        }
        Ok(to.shutdown().await?)
    }
}
