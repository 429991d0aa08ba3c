//! The codec of all services: prost's, but a request that cannot be read is its caller's fault and says where.
//!
//! tonic's own answers INTERNAL, as if the server were broken. Never changes what goes over the wire.

use std::any::type_name;
use std::fmt::Display;
use std::marker::PhantomData;

use prost::{DecodeError, Message};
use prost_types::Any;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic::{Code, Status};
use tonic_prost::ProstEncoder;

/// Writes messages of type `T`, reads messages of type `U`.
#[derive(Clone, Copy, Debug)]
pub struct CheckedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for CheckedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for CheckedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = CheckedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        CheckedDecoder(PhantomData)
    }
}

/// Reads messages of type `U`.
#[derive(Clone, Copy, Debug)]
pub struct CheckedDecoder<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for CheckedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        U::decode(buf).map(Some).map_err(|error| unreadable(type_name::<U>(), &error))
    }
}

/// A request (all their names end so) is read by a server: its caller's fault. A response is read by a client.
fn unreadable(message_type: &str, error: &DecodeError) -> Status {
    if message_type.ends_with("Request") { unreadable_request(error) } else { Status::internal(error.to_string()) }
}

/// The status of a request that cannot be read.
pub(crate) fn unreadable_request(error: &DecodeError) -> Status {
    let (field, problem) = located(&error.to_string());
    unreadable_at(field, &problem)
}

/// The same of a message that this field of the request holds.
pub(crate) fn unreadable_field(field: impl Display, error: &DecodeError) -> Status {
    let (within, problem) = located(&error.to_string());
    let field = if within.is_empty() { field.to_string() } else { format!("{field}.{within}") };
    unreadable_at(field, &problem)
}

fn unreadable_at(field: String, problem: &str) -> Status {
    let description = format!("{problem}; send valid protobuf, texts in UTF-8");
    let place = if field.is_empty() { "the request" } else { field.as_str() };
    let message = format!("{place} cannot be read: {description}");
    let details = bad_request(&message, field, description);
    Status::with_details(Code::InvalidArgument, message, details.into())
}

/// Field path and problem of prost's `…: Inner.field: Outer.field: problem`, which names the innermost message first.
fn located(error: &str) -> (String, String) {
    let error = error.strip_prefix("failed to decode Protobuf message: ").unwrap_or(error);
    let mut fields = Vec::new();
    let mut rest = error;
    while let Some((field, after)) = rest.split_once(": ").and_then(|(step, after)| Some((field_of(step)?, after))) {
        fields.push(field);
        rest = after;
    }
    fields.reverse();
    (fields.join("."), rest.to_owned())
}

/// The field of `Message.field`; one whose name is a word of Rust's has a mark before it.
fn field_of(step: &str) -> Option<&str> {
    let (message, field) = step.split_once('.')?;
    let field = field.strip_prefix("r#").unwrap_or(field);
    let name = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (name(message) && name(field)).then_some(field)
}

/// An encoded `google.rpc.Status` with one `google.rpc.BadRequest`.
fn bad_request(message: &str, field: String, description: String) -> Vec<u8> {
    let violations = BadRequest { field_violations: vec![FieldViolation { field, description }] };
    let detail =
        Any { type_url: "type.googleapis.com/google.rpc.BadRequest".to_owned(), value: violations.encode_to_vec() };
    RpcStatus { code: Code::InvalidArgument.into(), message: message.to_owned(), details: vec![detail] }.encode_to_vec()
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

/// `google.rpc.BadRequest.FieldViolation`, of which `reason` and `localized_message` stay empty.
#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{PublishRequest, PublishResponse};

    const NO_UTF8: &[u8] = b"\x0a\x04\x0a\x02\xff\xfe";

    #[test]
    fn an_unreadable_request_is_its_callers_fault() {
        let error = PublishRequest::decode(NO_UTF8).unwrap_err();
        let status = unreadable(type_name::<PublishRequest>(), &error);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(
            status.message().starts_with("touchpoints.source cannot be read: invalid string"),
            "{}",
            status.message()
        );
        let details = RpcStatus::decode(status.details()).unwrap();
        let violations = BadRequest::decode(details.details[0].value.as_slice()).unwrap();
        assert_eq!(violations.field_violations[0].field, "touchpoints.source");
    }

    #[test]
    fn an_unreadable_response_is_not() {
        let error = PublishResponse::decode(&b"\xff"[..]).unwrap_err();
        assert_eq!(unreadable(type_name::<PublishResponse>(), &error).code(), Code::Internal);
    }

    #[test]
    fn what_has_no_field_is_the_request() {
        let error = PublishRequest::decode(&b"\xff"[..]).unwrap_err();
        let status = unreadable(type_name::<PublishRequest>(), &error);
        assert!(status.message().starts_with("the request cannot be read: "), "{}", status.message());
    }
}
