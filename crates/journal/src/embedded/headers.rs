//! The headers of a record on disk.
//!
//! Owns: their block, which says its own length. Little-endian:
//! `block length u32 | (name length u32 | name | value length u32 | value)*`, the length counting what follows it.
//! Never: writes a block for a record without headers, so that such frames are as they were before there were headers.

use crate::Header;

/// The block of `headers`; empty when there are none.
pub(super) fn encode(headers: &[Header]) -> Vec<u8> {
    if headers.is_empty() {
        return Vec::new();
    }
    let mut block = vec![0; 4];
    for header in headers {
        put(&mut block, header.name.as_bytes());
        put(&mut block, &header.value);
    }
    let length = (block.len() - 4) as u32;
    block.splice(..4, length.to_le_bytes());
    block
}

/// Splits a block off the front of `bytes`; `None` when they are no block.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    take(bytes)
}

/// The headers of a block's body, as [`split`] gives it; `None` when it is none.
pub(super) fn decode(mut body: &[u8]) -> Option<Vec<Header>> {
    let mut headers = Vec::new();
    while !body.is_empty() {
        let (name, rest) = take(body)?;
        let (value, rest) = take(rest)?;
        headers.push(Header { name: String::from_utf8(name.to_vec()).ok()?, value: value.to_vec() });
        body = rest;
    }
    Some(headers)
}

fn put(block: &mut Vec<u8>, bytes: &[u8]) {
    block.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    block.extend_from_slice(bytes);
}

fn take(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}
