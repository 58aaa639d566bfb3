//! Messages as bytes: one that cannot be decoded is one message, and not the end of the
//! stream.

use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use yellowstone_grpc_proto::{
    geyser::SubscribeRequest,
    prost::{
        Message as _,
        bytes::{Buf as _, Bytes},
    },
};

/// The codec of `Subscribe`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frames;

impl Codec for Frames {
    type Encode = SubscribeRequest;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Frames {
    type Item = SubscribeRequest;
    type Error = Status;

    fn encode(&mut self, request: Self::Item, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        request
            .encode(buffer)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Frames {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
