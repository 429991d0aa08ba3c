//! Identifiers: (namespace, value) pairs, their order and their derived ids.
//!
//! Owns the journal's fixed priority of namespaces, from which the partition key follows. It is part of the journal's format:
//! changing it would send the same identifiers to other partitions.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Normaliser, record};

/// Namespace of an order or visit that no person is known for.
pub const RECEIPT: &str = "receipt";

/// Namespaces from the strongest to the weakest; one not named here comes after `phone`. `receipt` is the weakest.
pub const FIXED_PRIORITY: [&str; 12] = [
    "user_id",
    "member_id",
    "loyalty_card",
    "wechat_unionid",
    "email",
    "phone",
    "*",
    "wechat_openid",
    "device_id",
    "anonymous_id",
    "cookie",
    RECEIPT,
];

/// Rank of a namespace in the fixed priority: 0 is the strongest.
pub fn fixed_rank(namespace: &str) -> usize {
    let rank_of = |name: &str| FIXED_PRIORITY.iter().position(|entry| *entry == name);
    rank_of(namespace).or_else(|| rank_of("*")).unwrap_or(FIXED_PRIORITY.len())
}

/// A (namespace, value) pair, normalised by ingest. Ordered by namespace, then value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// Lower-case name of the kind of identifier, e.g. `loyalty_card`.
    pub namespace: String,
    /// The value, e.g. the card's number.
    pub value: String,
}

impl Identifier {
    /// A pair of two texts.
    pub fn new(namespace: impl Into<String>, value: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), value: value.into() }
    }

    /// Reads `NAMESPACE:VALUE`; the value may contain colons.
    ///
    /// # Errors
    /// Says in words which half is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((namespace, value)) if !namespace.is_empty() && !value.is_empty() => Ok(Self::new(namespace, value)),
            _ => Err(format!("`{text}` is no identifier: write NAMESPACE:VALUE, e.g. loyalty_card:4711")),
        }
    }

    /// The normal form of the journal's format version now: what is published and what is asked for meet in it.
    #[must_use]
    pub fn normalised(&self, normaliser: &Normaliser) -> Self {
        normaliser.read(self).identifier
    }

    /// The normal form of the journal's format version 1: no white space around, the namespace and e-mail addresses in lower
    /// case. Identifiers that were written in it stay in it.
    #[must_use]
    pub fn normalised_in_version_1(&self) -> Self {
        let namespace = self.namespace.trim().to_lowercase();
        let value = self.value.trim();
        let value = if namespace == "email" { value.to_lowercase() } else { value.to_owned() };
        Self { namespace, value }
    }

    /// Place in the fixed priority: rank of the namespace, then namespace and value. The least is the strongest.
    pub fn fixed_order(&self) -> (usize, &str, &str) {
        (fixed_rank(&self.namespace), &self.namespace, &self.value)
    }
}

impl std::fmt::Display for Identifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.namespace, self.value)
    }
}

impl From<&record::Identifier> for Identifier {
    fn from(message: &record::Identifier) -> Self {
        Self::new(message.namespace.clone(), message.value.clone())
    }
}

impl From<&Identifier> for record::Identifier {
    fn from(identifier: &Identifier) -> Self {
        Self { namespace: identifier.namespace.clone(), value: identifier.value.clone() }
    }
}

/// UUIDv8 of an identifier's keyed hash. A customer's id is the id of one of its identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IdentifierId(pub [u8; 16]);

impl IdentifierId {
    /// From any 16 bytes of a keyed hash, with version and variant of a UUIDv8 (RFC 9562) set.
    pub fn from_hash(hash: [u8; 16]) -> Self {
        Self(*uuid::Builder::from_custom_bytes(hash).as_uuid().as_bytes())
    }

    /// Reads the usual text of a UUID.
    ///
    /// # Errors
    /// Says in words that the text is no UUID.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uuid = Uuid::try_parse(text).map_err(|error| format!("`{text}` is no customer id (a UUID): {error}"))?;
        Ok(Self(*uuid.as_bytes()))
    }
}

impl std::fmt::Display for IdentifierId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Uuid::from_bytes(self.0).fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority() {
        assert!(fixed_rank("user_id") < fixed_rank("email"));
        assert!(fixed_rank("email") < fixed_rank("club_number"));
        assert!(fixed_rank("club_number") < fixed_rank("device_id"));
        assert!(fixed_rank("cookie") < fixed_rank(RECEIPT));
    }

    #[test]
    fn ids_are_version_8_and_read_back() {
        let id = IdentifierId::from_hash([0xff; 16]);
        assert_eq!(Uuid::from_bytes(id.0).get_version_num(), 8);
        assert_eq!(IdentifierId::parse(&id.to_string()).unwrap(), id);
    }

    #[test]
    fn normal_form_of_version_1() {
        let normalised = |namespace, value| Identifier::new(namespace, value).normalised_in_version_1();
        assert_eq!(normalised(" Email", "Ann@Shop.de "), Identifier::new("email", "ann@shop.de"));
        assert_eq!(normalised("phone", " +43 1 555"), Identifier::new("phone", "+43 1 555"));
    }

    #[test]
    fn values_may_contain_colons() {
        assert_eq!(Identifier::parse("device_id:aa:bb").unwrap(), Identifier::new("device_id", "aa:bb"));
        assert!(Identifier::parse("loyalty_card:").is_err());
    }
}
