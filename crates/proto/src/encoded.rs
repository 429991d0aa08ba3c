//! `CustomerService` for a server that has customers at hand as they were encoded: its look-ups take a read mask as bytes, by
//! which it finds what it has worked out before, and give customers as bytes.
//!
//! The service has the same name, and its messages the same fields with the same numbers: an embedded message and a field of bytes
//! look alike on the wire. So no caller can tell, and descriptors, clients and all other servers are those of the typed service.
//! Never looks into a customer.

use bytes::Bytes;
use prost::Message;
use prost_types::{FieldMask, Timestamp};
use tonic::Status;
use types::record::Position;

use crate::{
    codec,
    customer::{self, AppliedOffset, CustomerRef},
};

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::allow_attributes_without_reason, reason = "generated code")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/encoded/patron.customer.v1.rs"));
}

pub use generated::customer_service_server::{CustomerService, CustomerServiceServer};

/// `customer::GetCustomerRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct GetCustomerRequest {
    /// Who.
    #[prost(message, optional, tag = "1")]
    pub customer: Option<CustomerRef>,
    /// A field mask, in pieces where it was sent in pieces.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub read_mask: Vec<Bytes>,
    /// Positions that are waited for.
    #[prost(message, repeated, tag = "3")]
    pub min_position: Vec<Position>,
    /// The customer as of this instant.
    #[prost(message, optional, tag = "4")]
    pub as_of: Option<Timestamp>,
    /// The customer as known at this instant.
    #[prost(message, optional, tag = "5")]
    pub known_at: Option<Timestamp>,
}

/// `customer::GetCustomerResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct GetCustomerResponse {
    /// An encoded `Customer`.
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub customer: Option<Bytes>,
    /// What the answer covers.
    #[prost(message, repeated, tag = "2")]
    pub applied: Vec<AppliedOffset>,
}

/// `customer::BatchGetCustomersRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct BatchGetCustomersRequest {
    /// Who.
    #[prost(message, repeated, tag = "1")]
    pub customers: Vec<CustomerRef>,
    /// A field mask, in pieces where it was sent in pieces.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub read_mask: Vec<Bytes>,
    /// Positions that are waited for.
    #[prost(message, repeated, tag = "3")]
    pub min_position: Vec<Position>,
}

/// `customer::BatchGetCustomersResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct BatchGetCustomersResponse {
    /// One entry for each customer asked for, in order.
    #[prost(message, repeated, tag = "1")]
    pub results: Vec<CustomerResult>,
    /// What the answer covers.
    #[prost(message, repeated, tag = "2")]
    pub applied: Vec<AppliedOffset>,
}

/// `customer::CustomerResult`.
#[derive(Clone, PartialEq, Message)]
pub struct CustomerResult {
    /// An encoded `Customer`.
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub customer: Option<Bytes>,
}

/// A message that came in pieces, as one: encodings that follow each other are the encoding of what they say together.
pub fn whole(pieces: &[Bytes]) -> Bytes {
    match pieces {
        [] => Bytes::new(),
        [whole] => whole.clone(),
        _ => pieces.concat().into(),
    }
}

/// The field mask of a request.
///
/// # Errors
/// INVALID_ARGUMENT as for any other request that cannot be read.
pub fn field_mask(read_mask: &Bytes) -> Result<FieldMask, Status> {
    let request = GetCustomerRequest { read_mask: vec![read_mask.clone()], ..GetCustomerRequest::default() };
    let typed = customer::GetCustomerRequest::decode(request.encode_to_vec().as_slice());
    typed.map(|typed| typed.read_mask.unwrap_or_default()).map_err(|error| codec::unreadable_request(&error))
}

#[cfg(test)]
mod tests;
