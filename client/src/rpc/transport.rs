//! A pool as the transport of a plain client.

use std::sync::Arc;

use serde_json::Value;
use solana_rpc_client::rpc_sender::{RpcSender, RpcTransportStats};
use solana_rpc_client_api::{client_error, request::RpcRequest};

use super::Pool;

/// The transport of a client that asks a pool.
pub struct Through(pub Arc<Pool>);

#[async_trait::async_trait]
impl RpcSender for Through {
    async fn send(&self, request: RpcRequest, params: Value) -> client_error::Result<Value> {
        if matches!(request, RpcRequest::SendTransaction) {
            return Ok(self.0.tell_all("sendTransaction", params).await?);
        }
        let (_, answer) = self.0.request(&request.to_string(), params).await?;
        Ok(answer)
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        RpcTransportStats::default()
    }

    fn url(&self) -> String {
        // Not the URL itself: it may hold an API key.
        format!("{} endpoints", self.0.endpoints.len())
    }
}
