//! Messages as bytes: one that cannot be decoded is one message, and not the end of the
//! stream. Both ends of a stream are made of this: what one encodes the other decodes.

use std::{fmt, marker::PhantomData};

use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use yellowstone_grpc_proto::{
    geyser::SubscribeRequest,
    prost::{
        Message as _,
        bytes::{Buf as _, BufMut as _, Bytes},
    },
};

/// What goes over a stream.
pub trait Frame: Sized + Send + 'static {
    /// # Errors
    /// When there is no room.
    fn write(self, buffer: &mut EncodeBuf<'_>) -> Result<(), Status>;

    /// # Errors
    /// When it is none.
    fn read(buffer: &mut DecodeBuf<'_>) -> Result<Self, Status>;
}

impl Frame for Bytes {
    fn write(self, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(self);
        Ok(())
    }

    fn read(buffer: &mut DecodeBuf<'_>) -> Result<Self, Status> {
        Ok(buffer.copy_to_bytes(buffer.remaining()))
    }
}

impl Frame for SubscribeRequest {
    fn write(self, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        let encoded = self.encode(buffer);
        encoded.map_err(|error| Status::internal(error.to_string()))
    }

    fn read(buffer: &mut DecodeBuf<'_>) -> Result<Self, Status> {
        Self::decode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

/// The codec of `Subscribe`, for an end that sends `E` and receives `D`.
pub struct Frames<E, D>(PhantomData<fn(E) -> D>);

impl<E, D> Clone for Frames<E, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, D> Copy for Frames<E, D> {}

impl<E, D> Default for Frames<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, D> fmt::Debug for Frames<E, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Frames")
    }
}

impl<E: Frame, D: Frame> Codec for Frames<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl<E: Frame, D: Frame> Encoder for Frames<E, D> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, frame: E, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        frame.write(buffer)
    }
}

impl<E: Frame, D: Frame> Decoder for Frames<E, D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        D::read(buffer).map(Some)
    }
}
