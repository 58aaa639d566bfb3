//! An HTTP server that can misbehave: close instead of answering, answer half, never
//! end.

use std::{convert::Infallible, io, time::Duration};

use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method, Response, StatusCode,
    body::{Bytes, Frame, Incoming},
    header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use crate::listen;

/// How much of an endless body is written at once (bytes).
const ENDLESS_CHUNK: usize = 16 * 1024;

/// A request, read to its end.
#[derive(Debug)]
pub(crate) struct Request {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Whole(Whole),
    /// The body ends here, whereas its declared length is `claimed` (bytes).
    Cut {
        body: Bytes,
        claimed: usize,
    },
    /// A body of blanks, which every JSON parser skips, without end.
    Endless,
    /// The connection ends without an answer.
    Close,
}

#[derive(Clone, Debug)]
pub(crate) struct Whole {
    pub status: u16,
    pub content_type: &'static str,
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

impl Reply {
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self::Whole(Whole {
            status: 200,
            content_type: "application/json",
            retry_after: None,
            body: body.into(),
        })
    }

    /// A refusal, with a body like a load balancer's.
    pub fn status(status: u16, retry_after: Option<Duration>) -> Self {
        Self::Whole(Whole {
            status,
            content_type: "text/plain",
            retry_after,
            body: Bytes::from(format!("status {status}")),
        })
    }

    /// Says it is JSON and is a page, as an upstream's error page in a 200.
    pub fn garbage() -> Self {
        Self::json(&b"<html><body>upstream connect error</body></html>"[..])
    }

    /// Half of the body of an answer; other replies stay as they are.
    pub fn halved(self, claim_whole: bool) -> Self {
        let Self::Whole(mut whole) = self else {
            return self;
        };
        let claimed = whole.body.len();
        let half = whole.body.slice(..claimed / 2);
        if claim_whole {
            return Self::Cut {
                body: half,
                claimed,
            };
        }
        whole.body = half;
        Self::Whole(whole)
    }
}

/// Serves until stopped. While `down`, connections are accepted and closed at once, and
/// the open ones end.
pub(crate) async fn serve<H, F>(
    listener: TcpListener,
    down: watch::Receiver<bool>,
    stop: CancellationToken,
    handler: H,
) where
    H: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    while let Some(stream) = listen::accept(&listener, &stop).await {
        if *down.borrow() {
            continue;
        }
        let (handler, mut down, stop) = (handler.clone(), down.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = down.wait_for(|down| *down) => {}
                () = connection(stream, handler) => {}
            }
        });
    }
}

async fn connection<H, F>(stream: TcpStream, handler: H)
where
    H: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    // Answers are small and awaited one by one; waiting for more only slows them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, handler.clone()));
    // How a connection ends is the client's or the weather's matter.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The handler runs to its end even if the client leaves: a request that is under way
/// on a real network arrives whether or not its sender is still there.
async fn answer<H, F>(
    request: hyper::Request<Incoming>,
    handler: H,
) -> Result<Response<UnsyncBoxBody<Bytes, io::Error>>, Closed>
where
    H: Fn(Request) -> F,
    F: Future<Output = Reply> + Send + 'static,
{
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let path = parts.uri.path_and_query().map(|path| path.as_str());
    let request = Request {
        method: parts.method,
        path: path.unwrap_or("/").to_owned(),
        headers: parts.headers,
        body,
    };
    let reply = tokio::spawn(handler(request)).await.map_err(|_| Closed)?;
    response(reply)
}

/// Hyper ends a connection whose service fails, without writing anything.
#[derive(Debug, thiserror::Error)]
#[error("closed without an answer")]
struct Closed;

fn response(reply: Reply) -> Result<Response<UnsyncBoxBody<Bytes, io::Error>>, Closed> {
    let (mut response, body) = match reply {
        Reply::Close => return Err(Closed),
        Reply::Whole(whole) => {
            let mut response = Response::builder()
                .status(StatusCode::from_u16(whole.status).map_err(|_| Closed)?)
                .header(CONTENT_TYPE, whole.content_type);
            if let Some(pause) = whole.retry_after {
                response = response.header(RETRY_AFTER, pause.as_secs());
            }
            let body = Full::new(whole.body).map_err(|never: Infallible| match never {});
            (response, body.boxed_unsync())
        }
        Reply::Cut { body, claimed } => {
            let response = Response::builder().header(CONTENT_LENGTH, claimed);
            (response, ends_early(body).boxed_unsync())
        }
        Reply::Endless => {
            let blanks = Bytes::from(vec![b' '; ENDLESS_CHUNK]);
            let body = stream::repeat(blanks).map(|chunk| Ok(Frame::data(chunk)));
            (Response::builder(), StreamBody::new(body).boxed_unsync())
        }
    };
    if let Some(headers) = response.headers_mut() {
        headers
            .entry(CONTENT_TYPE)
            .or_insert(hyper::header::HeaderValue::from_static("application/json"));
    }
    response.body(body).map_err(|_| Closed)
}

/// A body that breaks off after its first part.
fn ends_early(
    part: Bytes,
) -> StreamBody<impl futures_util::Stream<Item = Result<Frame<Bytes>, io::Error>>> {
    StreamBody::new(
        stream::once(async { Ok(Frame::data(part)) }).chain(stream::once(async {
            // Hyper flushes what it has when a body has nothing more at the moment;
            // without this pause the part would be lost with the connection.
            tokio::task::yield_now().await;
            Err(io::ErrorKind::UnexpectedEof.into())
        })),
    )
}
