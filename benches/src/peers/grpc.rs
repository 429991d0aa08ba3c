//! One gRPC call after the other over one HTTP/2 connection: all that look-ups need, with nothing between them and the connection, as
//! Redis's protocol is spoken beside it. Answers are received whole and not decoded.

use anyhow::{Context, Result, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use tokio::net::TcpStream;
use tonic::codegen::http::{HeaderMap, Request};

/// Bytes that may be under way without a word of the receiver.
const WINDOW_BYTES: u32 = 8 << 20;
/// Bytes of a usual request.
const REQUEST_BYTES: usize = 4 << 10;
/// A message is preceded by a byte that says whether it is compressed, and by its length.
const PREFIX_BYTES: usize = 5;

/// A connection; one call at a time.
pub(super) struct Grpc {
    calls: SendRequest<Bytes>,
    authority: String,
    answer: BytesMut,
}

impl Grpc {
    /// Connects to `http://HOST:PORT`.
    pub(super) async fn connect(address: &str) -> Result<Self> {
        let authority = address.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&authority).await.with_context(|| format!("no server answers at {address}"))?;
        stream.set_nodelay(true)?;
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(WINDOW_BYTES).initial_connection_window_size(WINDOW_BYTES);
        let (calls, connection) = builder.handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self { calls, authority, answer: BytesMut::new() })
    }

    /// The answer of a call whose message is written so; encoded as it came.
    pub(super) async fn call(&mut self, path: &str, write: impl FnOnce(&mut BytesMut)) -> Result<&[u8]> {
        let mut body = BytesMut::with_capacity(REQUEST_BYTES);
        body.put_bytes(0, PREFIX_BYTES);
        write(&mut body);
        let length = u32::try_from(body.len() - PREFIX_BYTES)?;
        body.get_mut(1..PREFIX_BYTES).context("no room for the prefix")?.copy_from_slice(&length.to_be_bytes());
        let request = Request::post(format!("http://{}{path}", self.authority))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())?;
        std::future::poll_fn(|context| self.calls.poll_ready(context)).await?;
        let (response, mut sending) = self.calls.send_request(request, false)?;
        sending.send_data(body.freeze(), true)?;
        let (head, mut receiving) = response.await?.into_parts();
        self.answer.clear();
        while let Some(part) = receiving.data().await {
            let part = part?;
            receiving.flow_control().release_capacity(part.len())?;
            self.answer.extend_from_slice(&part);
        }
        let trailers = receiving.trailers().await?;
        let status = status(&head.headers).or_else(|| trailers.as_ref().and_then(status));
        ensure!(status == Some("0"), "{path} answers status {status:?}");
        self.answer.get(PREFIX_BYTES..).context("an answer without a message")
    }
}

fn status(headers: &HeaderMap) -> Option<&str> {
    headers.get("grpc-status")?.to_str().ok()
}

/// How many of the fields with number 1 of an answer, of customers or of results, hold anything; by their lengths alone, as Redis's
/// are read.
pub(super) fn filled(mut answer: &[u8]) -> Result<usize> {
    let mut filled = 0;
    while !answer.is_empty() {
        let key = prost::encoding::decode_varint(&mut answer)?;
        ensure!(key & 7 == 2, "a field that is no message");
        let length = usize::try_from(prost::encoding::decode_varint(&mut answer)?)?;
        answer = answer.get(length..).context("a message that ends early")?;
        filled += usize::from(key >> 3 == 1 && length > 0);
    }
    Ok(filled)
}
