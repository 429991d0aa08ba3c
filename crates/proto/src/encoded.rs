//! `CustomerService` for a server that has customers at hand as they were encoded: its look-ups take a read mask as bytes, by
//! which it finds what it has worked out before, and give customers as bytes. Whom a batch asks for is read where it lies (`reference`).
//!
//! The service has the same name, and its messages the same fields with the same numbers: an embedded message and a field of bytes
//! look alike on the wire. So no caller can tell, and descriptors, clients and all other servers are those of the typed service.
//! Never looks into a customer.

use bytes::{Buf, BufMut, Bytes};
use prost::{
    DecodeError, Message,
    encoding::{self, DecodeContext, WireType},
};
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

mod reference;

pub use reference::{customer_ref, identifier};

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
    /// Who: an encoded `CustomerRef` each, for `identifier` or `customer_ref` to read.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub customers: Vec<Bytes>,
    /// A field mask, in pieces where it was sent in pieces.
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub read_mask: Vec<Bytes>,
    /// Positions that are waited for.
    #[prost(message, repeated, tag = "3")]
    pub min_position: Vec<Position>,
}

/// `customer::BatchGetCustomersResponse`, whose results are put one behind the other as they go over the wire: one run of bytes is
/// written out, where many that lie anywhere would each be looked at twice more. Read, it takes results as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchGetCustomersResponse {
    /// Fields `results`, encoded.
    results: Vec<u8>,
    /// What the answer covers.
    pub applied: Vec<AppliedOffset>,
}

const RESULTS: u32 = 1;
const APPLIED: u32 = 2;
/// The only field of `customer::CustomerResult`.
const CUSTOMER: u32 = 1;
/// Most bytes of a result beside its customer: two tags of a byte, two lengths of at most five.
const RESULT_BYTES_MAX: usize = 12;

impl BatchGetCustomersResponse {
    /// Without a result so far, with room for results of so many bytes of customers.
    pub fn with_room(results: usize, customers_bytes: usize, applied: Vec<AppliedOffset>) -> Self {
        Self { results: Vec::with_capacity(customers_bytes + results * RESULT_BYTES_MAX), applied }
    }

    /// Puts the next result: an encoded `Customer`, or nobody.
    pub fn push(&mut self, customer: Option<&[u8]>) {
        let results = &mut self.results;
        encoding::encode_key(RESULTS, WireType::LengthDelimited, results);
        let Some(customer) = customer else { return encoding::encode_varint(0, results) };
        let length = customer.len() as u64;
        let of_field = encoding::key_len(CUSTOMER) + encoding::encoded_len_varint(length);
        encoding::encode_varint(length + of_field as u64, results);
        encoding::encode_key(CUSTOMER, WireType::LengthDelimited, results);
        encoding::encode_varint(length, results);
        results.extend_from_slice(customer);
    }
}

impl Message for BatchGetCustomersResponse {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.results);
        encoding::message::encode_repeated(APPLIED, &self.applied, buf);
    }

    fn encoded_len(&self) -> usize {
        self.results.len() + encoding::message::encoded_len_repeated(APPLIED, &self.applied)
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            RESULTS => {
                let mut result = Bytes::new();
                encoding::bytes::merge(wire_type, &mut result, buf, context)?;
                encoding::bytes::encode(RESULTS, &result, &mut self.results);
                Ok(())
            }
            APPLIED => encoding::message::merge_repeated(wire_type, &mut self.applied, buf, context),
            _ => encoding::skip_field(wire_type, tag, buf, context),
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
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
