//! Ids of devices and browsers: a UUID in lower case, since its case means nothing (RFC 9562); all others as they are.

use uuid::Uuid;

/// Length of a UUID's usual text.
const HYPHENATED: usize = 36;

pub(super) fn normal(value: String) -> String {
    // Other texts that could be read as a UUID, such as 32 digits without hyphens, may be ids of another kind.
    let is_uuid = value.len() == HYPHENATED && Uuid::try_parse(&value).is_ok();
    if is_uuid { value.to_ascii_lowercase() } else { value }
}
