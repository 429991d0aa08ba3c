//! Whom a batch asks for, read where the request lies: by far the most are an identifier of two short texts.

use std::{fmt::Display, str};

use prost::Message;
use tonic::Status;

use crate::{codec, customer::CustomerRef};

/// Tag of a field of bytes, text or a message with this number, as one byte.
const fn tag(number: u8) -> u8 {
    number << 3 | 2
}

/// `CustomerRef.identifier`, `Identifier.namespace` and `Identifier.value`.
const IDENTIFIER: u8 = tag(1);
const NAMESPACE: u8 = tag(1);
const VALUE: u8 = tag(2);
/// Lengths from here on take more than a byte.
const LONG: u8 = 0x80;

/// Namespace and value of an encoded `CustomerRef`; `None` where it says anything else, or the same in any other way.
pub fn identifier(customer: &[u8]) -> Option<(&str, &str)> {
    let (identifier, []) = field(customer, IDENTIFIER)? else { return None };
    let (namespace, rest) = field(identifier, NAMESPACE)?;
    let (value, []) = field(rest, VALUE)? else { return None };
    Some((str::from_utf8(namespace).ok()?, str::from_utf8(value).ok()?))
}

/// What is in a short field, and what follows it.
fn field(message: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let [tag, length @ ..LONG, rest @ ..] = message else { return None };
    if *tag != wanted {
        return None;
    }
    rest.split_at_checked(usize::from(*length))
}

/// An encoded `CustomerRef`, whatever it says, of this field of a request.
///
/// # Errors
/// INVALID_ARGUMENT as for any other request that cannot be read.
pub fn customer_ref(customer: &[u8], field: impl Display) -> Result<CustomerRef, Status> {
    CustomerRef::decode(customer).map_err(|error| codec::unreadable_field(field, &error))
}
