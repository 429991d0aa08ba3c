//! Page tokens and cursors: where a page or a stream ended, as opaque hexadecimal text.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use types::{Micros, TotalOrder};

/// Where the next page begins: after what was returned last, of a timeline a touchpoint's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PageToken<A = TotalOrder> {
    /// The request that it belongs to, without page size and token.
    pub(crate) request: String,
    /// What was returned last.
    pub(crate) after: A,
}

impl<A: Serialize + DeserializeOwned> PageToken<A> {
    pub(crate) fn encode(&self) -> String {
        to_text(self)
    }

    /// Reads a token; `None` if it is none of ours.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        from_text(text)
    }
}

impl PageToken {
    /// When the last touchpoint returned happened.
    pub(crate) fn occurred_at(&self) -> Micros {
        self.after.occurred_at
    }
}

/// Where a watcher of a feed goes on: after this change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Which feed.
    pub(crate) feed: [u8; 16],
    /// Sequence number of the change; 0 for the beginning.
    pub(crate) sequence: u64,
}

impl Cursor {
    pub(crate) fn encode(&self) -> String {
        to_text(self)
    }

    /// Reads a cursor; `None` if it is none of ours.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        from_text(text)
    }
}

fn to_text(token: &impl Serialize) -> String {
    let bytes = postcard::to_stdvec(token).expect("a token holds nothing that postcard cannot write");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_text<T: DeserializeOwned>(text: &str) -> Option<T> {
    let digit_pairs = text.as_bytes().chunks(2);
    let bytes: Option<Vec<u8>> =
        digit_pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let bytes = bytes?;
    let (token, rest) = postcard::take_from_bytes(&bytes).ok()?;
    rest.is_empty().then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_foreign_text_is_refused() {
        let after = TotalOrder {
            occurred_at: Micros(-5),
            source: "pos".into(),
            message_id: "1".into(),
            content: types::ContentHash([7; 16]),
        };
        let token = PageToken { request: "r".into(), after };
        assert_eq!(PageToken::decode(&token.encode()), Some(token));
        for text in ["xyz", "0", "ffff", "€€"] {
            assert_eq!(PageToken::<TotalOrder>::decode(text), None, "{text}");
        }
    }
}
