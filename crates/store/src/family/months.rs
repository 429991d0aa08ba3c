//! `months`: (fragment id, month) → activity of that month.

use profile::MonthActivity;
use types::{FragmentId, time::Month};

use super::{Family, from_postcard, to_postcard};

/// The family of months of fragments.
#[derive(Debug)]
pub struct Months;

/// Flips the sign bit, so that the order of bytes is the order of numbers.
const SIGN: u32 = 1 << 31;

impl Family for Months {
    const NAME: &'static str = "months";
    const PREFIX_BYTES: usize = 16;
    type Key = (FragmentId, Month);
    type Value = MonthActivity;

    fn encode_key((fragment, month): &Self::Key) -> Vec<u8> {
        [fragment.0.as_slice(), &(month.0.cast_unsigned() ^ SIGN).to_be_bytes()].concat()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        let (fragment, month) = bytes.split_at_checked(16)?;
        let month = u32::from_be_bytes(month.try_into().ok()?) ^ SIGN;
        Some((FragmentId(fragment.try_into().ok()?), Month(month.cast_signed())))
    }

    fn encode_value(value: &MonthActivity) -> Vec<u8> {
        to_postcard(value)
    }

    fn decode_value(bytes: &[u8]) -> Result<MonthActivity, String> {
        from_postcard(bytes)
    }
}
