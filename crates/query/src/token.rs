//! Page tokens: where a page ended, and for which request, as opaque hexadecimal text.

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
        let bytes = postcard::to_stdvec(self).expect("a token holds nothing that postcard cannot write");
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads a token; `None` if it is none of ours.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let digit_pairs = text.as_bytes().chunks(2);
        let bytes: Option<Vec<u8>> =
            digit_pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
        postcard::from_bytes(&bytes?).ok()
    }
}

impl PageToken {
    /// When the last touchpoint returned happened.
    pub(crate) fn occurred_at(&self) -> Micros {
        self.after.occurred_at
    }
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
