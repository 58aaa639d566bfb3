//! What happens to bytes. The server behind the proxy sends back what it gets.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::soon;
use crate::{ChunkDecision, Direction, TcpProxy};

/// A server that sends back what it gets, and how many bytes it got.
async fn echo() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let got = Arc::new(AtomicUsize::new(0));
    let counter = got.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let got = counter.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    got.fetch_add(read, Ordering::SeqCst);
                    if stream.write_all(&buffer[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, got)
}

struct Lab {
    proxy: TcpProxy,
    got: Arc<AtomicUsize>,
}

async fn lab() -> Lab {
    let (upstream, got) = echo().await;
    let proxy = TcpProxy::start(upstream.to_string(), 3).await.unwrap();
    Lab { proxy, got }
}

impl Lab {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.unwrap()
    }
}

/// Sends a word and reads it back.
async fn talk(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"word").await?;
    let mut back = [0; 4];
    soon(stream.read_exact(&mut back)).await?;
    assert_eq!(&back, b"word");
    Ok(())
}

/// How a connection ends: `None` if it ended in order.
async fn end(stream: &mut TcpStream) -> Option<io::ErrorKind> {
    match soon(stream.read(&mut [0; 16])).await {
        Ok(read) => {
            assert_eq!(read, 0, "something came");
            None
        }
        Err(error) => Some(error.kind()),
    }
}

#[tokio::test]
async fn bytes_go_both_ways_and_an_end_is_passed_on() {
    let lab = lab().await;
    let mut stream = lab.connect().await;
    talk(&mut stream).await.unwrap();
    assert_eq!(lab.proxy.weather.chunks(), 2);
    stream.shutdown().await.unwrap();
    assert_eq!(end(&mut stream).await, None);
    soon(lab.proxy.weather.until(|weather| weather.open() == 0)).await;
}

#[tokio::test]
async fn all_connections_are_cut_and_none_is_let_in() {
    let lab = lab().await;
    let mut streams = [lab.connect().await, lab.connect().await];
    for stream in &mut streams {
        talk(stream).await.unwrap();
    }
    lab.proxy.weather.cut_all();
    for stream in &mut streams {
        assert_eq!(end(stream).await, Some(io::ErrorKind::ConnectionReset));
    }
    talk(&mut lab.connect().await).await.unwrap();

    let mut kept = lab.connect().await;
    talk(&mut kept).await.unwrap();
    lab.proxy.weather.refuse(true);
    assert!(talk(&mut lab.connect().await).await.is_err());
    talk(&mut kept).await.unwrap();
    assert_eq!(
        (lab.proxy.weather.opened(), lab.proxy.weather.refused()),
        (4, 1)
    );
    lab.proxy.weather.clear();
    talk(&mut lab.connect().await).await.unwrap();
}

#[tokio::test]
async fn a_stall_holds_bytes_back_without_closing() {
    let lab = lab().await;
    let mut stream = lab.connect().await;
    talk(&mut stream).await.unwrap();
    lab.proxy.weather.set_stalled(true);
    stream.write_all(b"late").await.unwrap();
    let mut late = [0; 4];
    let waited = Duration::from_millis(100);
    let early = tokio::time::timeout(waited, stream.read_exact(&mut late)).await;
    assert!(early.is_err());
    assert_eq!(lab.got.load(Ordering::SeqCst), 4);
    // Accepted, and not answered either.
    let mut fresh = lab.connect().await;
    fresh.write_all(b"word").await.unwrap();

    lab.proxy.weather.set_stalled(false);
    soon(stream.read_exact(&mut late)).await.unwrap();
    assert_eq!(&late, b"late");
    soon(fresh.read_exact(&mut late)).await.unwrap();
}

#[tokio::test]
async fn chunks_come_late() {
    let lab = lab().await;
    let mut stream = lab.connect().await;
    let delay = Duration::from_millis(60);
    lab.proxy.weather.set_delay(Some(delay..=delay));
    let sent = Instant::now();
    talk(&mut stream).await.unwrap();
    // There and back.
    assert!(sent.elapsed() >= delay * 2);
}

#[tokio::test]
async fn a_share_of_connections_fails_the_same_for_the_same_seed() {
    let mut fates = Vec::new();
    for _ in 0..2 {
        let lab = lab().await;
        lab.proxy.weather.set_fail_share(0.3);
        let mut failed = Vec::new();
        for _ in 0..40 {
            failed.push(talk(&mut lab.connect().await).await.is_err());
        }
        fates.push(failed);
    }
    assert_eq!(fates[0], fates[1]);
    let failed = fates[0].iter().filter(|failed| **failed).count();
    assert!((4..=20).contains(&failed), "{failed}");
}

#[tokio::test]
async fn a_hook_decides_over_each_chunk() {
    for (decision, got) in [
        (ChunkDecision::Cut, 0),
        (ChunkDecision::ForwardAndCut, 4),
        (ChunkDecision::Swallow, 0),
    ] {
        let lab = lab().await;
        let seen = Arc::new(Notify::new());
        let seeing = seen.clone();
        lab.proxy.weather.on_chunk(move |chunk| {
            let word = chunk.direction == Direction::ToServer && &*chunk.bytes == b"word";
            seeing.notify_one();
            async move {
                if word {
                    decision
                } else {
                    ChunkDecision::Forward
                }
            }
        });
        let mut stream = lab.connect().await;
        stream.write_all(b"word").await.unwrap();
        if decision == ChunkDecision::Swallow {
            // What follows goes on; it must not be read together with what is lost.
            soon(seen.notified()).await;
            stream.write_all(b"more").await.unwrap();
            let mut back = [0; 4];
            soon(stream.read_exact(&mut back)).await.unwrap();
            assert_eq!(&back, b"more");
            assert_eq!(lab.got.load(Ordering::SeqCst), 4);
            continue;
        }
        assert_eq!(end(&mut stream).await, Some(io::ErrorKind::ConnectionReset));
        // The server may read what came before it learns of the end.
        while lab.got.load(Ordering::SeqCst) < got {
            tokio::task::yield_now().await;
        }
        assert_eq!(lab.got.load(Ordering::SeqCst), got, "{decision:?}");
    }
}

#[tokio::test]
async fn a_hook_is_told_of_each_chunk_before_it_is_forwarded() {
    let lab = lab().await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let got = lab.got.clone();
    lab.proxy.weather.on_chunk(move |chunk| {
        let (told, got) = (told.clone(), got.clone());
        async move {
            let line = (
                chunk.connection,
                chunk.direction,
                chunk.seq,
                got.load(Ordering::SeqCst),
            );
            told.send(line).unwrap();
            ChunkDecision::Forward
        }
    });
    let mut stream = lab.connect().await;
    talk(&mut stream).await.unwrap();
    assert_eq!(heard.recv().await, Some((1, Direction::ToServer, 1, 0)));
    assert_eq!(heard.recv().await, Some((1, Direction::ToClient, 1, 4)));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_cut_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let proxy = TcpProxy::start(address.to_string(), 3).await.unwrap();
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(end(&mut stream).await, Some(io::ErrorKind::ConnectionReset));
}
