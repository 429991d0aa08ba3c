//! E-mail addresses: lower case, without `mailto:`.
//!
//! What stands behind a `+` and dots in the local part stay: whether they matter is the provider's to say, and two people of a
//! provider that minds them would become one.

use super::text::compatible_lower;

const SCHEME: &str = "mailto:";

pub(super) fn tidied(text: &str) -> String {
    let mut address = compatible_lower(text);
    while let Some(rest) = address.strip_prefix(SCHEME) {
        address = rest.trim().to_owned();
    }
    address
}
