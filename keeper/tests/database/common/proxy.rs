//! A way to the server that can be held up or cut.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    time::sleep,
};

const SLOWNESS: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Flow,
    /// Every byte takes a tenth of a second each way.
    Slow,
    /// Connections stay, and connecting works, but no byte comes through.
    Stall,
    /// Connections break, new ones at once.
    Cut,
}

pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Proxy {
    /// In front of the server that the options name.
    pub async fn start(server: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, current) = watch::channel(Mode::Flow);
        let server = server.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, current) = (server.clone(), current.clone());
                tokio::spawn(async move {
                    let server = connect(&server).await;
                    let (from_client, to_client) = tokio::io::split(client);
                    let (from_server, to_server) = tokio::io::split(server);
                    tokio::select! {
                        () = forward(from_client, to_server, current.clone()) => {}
                        () = forward(from_server, to_client, current.clone()) => {}
                        () = until(current, |mode| mode == Mode::Cut) => {}
                    }
                });
            }
        });
        Self { port, mode }
    }

    /// The same server, through here.
    pub fn options(&self, server: &PgConnectOptions) -> PgConnectOptions {
        server.clone().host("127.0.0.1").port(self.port)
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn connect(server: &PgConnectOptions) -> Box<dyn Stream> {
    let port = server.get_port();
    match server.get_socket() {
        Some(folder) => {
            let path = folder.join(format!(".s.PGSQL.{port}"));
            Box::new(UnixStream::connect(path).await.unwrap())
        }
        None => {
            let server = (server.get_host(), port);
            Box::new(TcpStream::connect(server).await.unwrap())
        }
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mode: watch::Receiver<Mode>,
) {
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        until(mode.clone(), |mode| mode != Mode::Stall).await;
        if *mode.borrow() == Mode::Slow {
            sleep(SLOWNESS).await;
        }
        let bytes = buffer.get(..count).unwrap();
        if to.write_all(bytes).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}

/// Waits for a mode; for ever once the proxy is gone.
async fn until(mut mode: watch::Receiver<Mode>, condition: impl Fn(Mode) -> bool) {
    if mode.wait_for(|mode| condition(*mode)).await.is_err() {
        std::future::pending::<()>().await;
    }
}
