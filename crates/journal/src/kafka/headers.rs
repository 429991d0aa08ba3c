//! The headers of a message as they are: the Rust wrapper of librdkafka panics at a name that is not UTF-8, which Kafka takes.
//!
//! Owns: the reading of them. Never: keeps a pointer; names and values are copied while the message is alive.
#![expect(unsafe_code, reason = "the wrapper has no reading of headers that takes every name")]

use std::ffi::CStr;
use std::ptr;

use rdkafka::bindings as sys;
use rdkafka::message::BorrowedMessage;

use crate::Header;

/// All headers; an absent value is an empty one, and what is not UTF-8 in a name is replaced by U+FFFD.
pub(super) fn headers(message: &BorrowedMessage<'_>) -> Vec<Header> {
    let mut headers = Vec::new();
    let mut held = ptr::null_mut();
    // SAFETY: the message is alive for as long as it is borrowed, and its headers with it.
    let told = unsafe { sys::rd_kafka_message_headers(message.ptr(), &raw mut held) };
    if told != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || held.is_null() {
        return headers;
    }
    // SAFETY: `held` was given just now and belongs to the message.
    while let Some(header) = unsafe { header(held, headers.len()) } {
        headers.push(header);
    }
    headers
}

/// # Safety
/// `held` must be the headers of a message that is alive.
unsafe fn header(held: *const sys::rd_kafka_headers_t, index: usize) -> Option<Header> {
    let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
    // SAFETY: an index beyond the last is answered with an error; name and value point into the headers.
    unsafe {
        let told = sys::rd_kafka_header_get_all(held, index, &raw mut name, &raw mut value, &raw mut size);
        if told != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
            return None;
        }
        let bytes = if value.is_null() { &[][..] } else { std::slice::from_raw_parts(value.cast::<u8>(), size) };
        Some(Header { name: CStr::from_ptr(name).to_string_lossy().into_owned(), value: bytes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    //! Headers as foreign producers write them.

    use super::*;

    #[test]
    fn names_that_are_no_text_and_values_that_are_null_are_read() {
        let given: [(&[u8], Option<&[u8]>); 3] = [(b"\xff\xfe", Some(b"1")), (b"null", None), (b"empty", Some(b""))];
        // SAFETY: made here, filled with bytes that librdkafka copies, read while it lives, destroyed once.
        let read: Vec<Header> = unsafe {
            let held = sys::rd_kafka_headers_new(given.len());
            for (name, value) in given {
                let (bytes, size) = value.map_or((ptr::null(), -1), |value| (value.as_ptr(), value.len() as isize));
                let length = name.len() as isize;
                let added = sys::rd_kafka_header_add(held, name.as_ptr().cast(), length, bytes.cast(), size);
                assert_eq!(added, sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR);
            }
            let read = (0..4).map_while(|index| header(held, index)).collect();
            sys::rd_kafka_headers_destroy(held);
            read
        };
        let header = |name: &str, value: &[u8]| Header { name: name.to_owned(), value: value.to_vec() };
        assert_eq!(read, [header("\u{fffd}\u{fffd}", b"1"), header("null", b""), header("empty", b"")]);
    }
}
