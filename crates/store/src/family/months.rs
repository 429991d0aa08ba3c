//! `months`: (fragment id, month) → activity of that month.

use profile::MonthActivity;
use types::{FragmentId, time::Month};

use super::{Family, from_postcard, write_postcard, written};

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

    fn encode_key(key: &Self::Key) -> Vec<u8> {
        written(|bytes| Self::write_key(key, bytes))
    }

    fn write_key((fragment, month): &Self::Key, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&fragment.0);
        bytes.extend_from_slice(&(month.0.cast_unsigned() ^ SIGN).to_be_bytes());
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        let (fragment, month) = bytes.split_at_checked(16)?;
        let month = u32::from_be_bytes(month.try_into().ok()?) ^ SIGN;
        Some((FragmentId(fragment.try_into().ok()?), Month(month.cast_signed())))
    }

    fn encode_value(value: &MonthActivity) -> Vec<u8> {
        written(|bytes| Self::write_value(value, bytes))
    }

    fn write_value(value: &Self::Value, bytes: &mut Vec<u8>) {
        write_postcard(value, bytes);
    }

    fn decode_value(bytes: &[u8]) -> Result<MonthActivity, String> {
        from_postcard(bytes)
    }
}
