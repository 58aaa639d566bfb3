//! The gRPC service.

use std::convert::Infallible;

use futures_util::{FutureExt as _, future::BoxFuture, stream::Empty};
use lottery_indexer::source::geyser::frames::Frames;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use yellowstone_grpc_proto::{
    geyser::{
        CommitmentLevel, GetBlockHeightRequest, GetBlockHeightResponse, GetLatestBlockhashRequest,
        GetLatestBlockhashResponse, GetSlotRequest, GetSlotResponse, GetVersionRequest,
        GetVersionResponse, IsBlockhashValidRequest, IsBlockhashValidResponse, PingRequest,
        PongResponse, SubscribeDeshredRequest, SubscribeGossipRequest, SubscribeReplayInfoRequest,
        SubscribeReplayInfoResponse, SubscribeRequest, SubscribeUpdate, SubscribeUpdateDeshred,
        SubscribeUpdateGossip,
        geyser_server::{Geyser, GeyserServer},
    },
    prost::bytes::Bytes,
    tonic::{
        self, Request, Response, Status, Streaming,
        body::Body,
        codegen::{Context, Poll, Service, http},
        server::{Grpc, NamedService, StreamingService},
        transport::{self, Identity, Server, ServerTlsConfig, server::TcpIncoming},
    },
};

use super::{GeyserChain, GeyserFault, GeyserWeather, Streams, subscription};
use crate::weather::Via;

/// What is served.
#[derive(Clone)]
pub(super) struct Served {
    pub chain: GeyserChain,
    pub weather: GeyserWeather,
    pub streams: Streams,
}

/// Serves until `stop`; over TLS with an identity.
pub(super) async fn serve(
    listener: TcpListener,
    identity: Option<Identity>,
    served: Served,
    stop: CancellationToken,
) {
    let serving = listen(listener, identity, served);
    tokio::select! {
        () = stop.cancelled() => {}
        served = serving => {
            if let Err(error) = served {
                tracing::warn!(%error, "the scripted Geyser ended");
            }
        }
    }
}

async fn listen(
    listener: TcpListener,
    identity: Option<Identity>,
    served: Served,
) -> Result<(), transport::Error> {
    let calls = GeyserServer::new(Calls(served.clone()));
    let mut server = Server::builder();
    if let Some(identity) = identity {
        server = server.tls_config(ServerTlsConfig::new().identity(identity))?;
    }
    server
        .add_service(Entrance { served, calls })
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await
}

/// The service as a whole. Streams are written by hand, because they also carry what is
/// no message.
#[derive(Clone)]
struct Entrance {
    served: Served,
    calls: GeyserServer<Calls>,
}

impl NamedService for Entrance {
    const NAME: &'static str = GeyserServer::<Calls>::NAME;
}

impl Service<http::Request<Body>> for Entrance {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() != "/geyser.Geyser/Subscribe" {
            return self.calls.call(request).boxed();
        }
        let subscribe = Subscribe(self.served.clone());
        async move {
            Ok(Grpc::new(Frames::default())
                .streaming(subscribe, request)
                .await)
        }
        .boxed()
    }
}

struct Subscribe(Served);

impl StreamingService<SubscribeRequest> for Subscribe {
    type Response = Bytes;
    type ResponseStream = futures_util::stream::BoxStream<'static, Result<Bytes, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<SubscribeRequest>>) -> Self::Future {
        let served = self.0.clone();
        async move {
            served.admit("Subscribe", &request).await?;
            let stream = subscription::open(served, request.into_inner());
            Ok(Response::new(Box::pin(stream) as Self::ResponseStream))
        }
        .boxed()
    }
}

impl Served {
    /// Lets a call in, unless its token is wrong or a rule has something against it.
    async fn admit<T>(&self, method: &str, request: &Request<T>) -> Result<(), Status> {
        let token = request.metadata().get("x-token");
        if !self
            .streams
            .admits(token.and_then(|token| token.to_str().ok()))
        {
            return Err(Status::unauthenticated("No valid auth token"));
        }
        let seen = self.weather.admit(method, Value::Null, Via::Http);
        let mut faults = self.weather.strike(&seen);
        faults.extend(self.weather.decide(&seen).await);
        for fault in faults {
            match fault {
                GeyserFault::Refuse(code, message) => return Err(Status::new(code, message)),
                GeyserFault::Hang => std::future::pending().await,
                _ => {}
            }
        }
        self.weather.note_forwarded(&seen);
        Ok(())
    }
}

/// Calls that have one answer.
struct Calls(Served);

fn not_scripted<T>() -> Result<T, Status> {
    Err(Status::unimplemented("method disabled"))
}

#[tonic::async_trait]
impl Geyser for Calls {
    type SubscribeStream = Empty<Result<SubscribeUpdate, Status>>;
    type SubscribeDeshredStream = Empty<Result<SubscribeUpdateDeshred, Status>>;
    type SubscribeGossipStream = Empty<Result<SubscribeUpdateGossip, Status>>;

    async fn get_slot(
        &self,
        request: Request<GetSlotRequest>,
    ) -> Result<Response<GetSlotResponse>, Status> {
        self.0.admit("GetSlot", &request).await?;
        let level = request.get_ref().commitment.unwrap_or_default();
        let level = CommitmentLevel::try_from(level)
            .map_err(|_| Status::unknown("failed to create CommitmentLevel"))?;
        let slot = self.0.chain.slot(level);
        Ok(Response::new(GetSlotResponse { slot }))
    }

    async fn get_version(
        &self,
        request: Request<GetVersionRequest>,
    ) -> Result<Response<GetVersionResponse>, Status> {
        self.0.admit("GetVersion", &request).await?;
        let version =
            r#"{"version":{"package":"scripted","version":"14.0.0"},"extra":{}}"#.to_owned();
        Ok(Response::new(GetVersionResponse { version }))
    }

    async fn ping(&self, request: Request<PingRequest>) -> Result<Response<PongResponse>, Status> {
        self.0.admit("Ping", &request).await?;
        let count = request.get_ref().count;
        Ok(Response::new(PongResponse { count }))
    }

    async fn subscribe_replay_info(
        &self,
        request: Request<SubscribeReplayInfoRequest>,
    ) -> Result<Response<SubscribeReplayInfoResponse>, Status> {
        self.0.admit("SubscribeReplayInfo", &request).await?;
        let first_available = self.0.chain.read(|state| state.replay_from);
        Ok(Response::new(SubscribeReplayInfoResponse {
            first_available,
        }))
    }

    // Streams are served by hand; what is below is not scripted.

    async fn subscribe(
        &self,
        _: Request<Streaming<SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        not_scripted()
    }

    async fn subscribe_deshred(
        &self,
        _: Request<Streaming<SubscribeDeshredRequest>>,
    ) -> Result<Response<Self::SubscribeDeshredStream>, Status> {
        not_scripted()
    }

    async fn subscribe_gossip(
        &self,
        _: Request<SubscribeGossipRequest>,
    ) -> Result<Response<Self::SubscribeGossipStream>, Status> {
        not_scripted()
    }

    async fn get_latest_blockhash(
        &self,
        _: Request<GetLatestBlockhashRequest>,
    ) -> Result<Response<GetLatestBlockhashResponse>, Status> {
        not_scripted()
    }

    async fn get_block_height(
        &self,
        _: Request<GetBlockHeightRequest>,
    ) -> Result<Response<GetBlockHeightResponse>, Status> {
        not_scripted()
    }

    async fn is_blockhash_valid(
        &self,
        _: Request<IsBlockhashValidRequest>,
    ) -> Result<Response<IsBlockhashValidResponse>, Status> {
        not_scripted()
    }
}
