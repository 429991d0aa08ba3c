//! Key kinds of memberships: rows, deadlines, changes, and how far was told.

use types::{IdentifierId, Micros};

use super::{MembershipChange, MembershipRow, MembershipsTold};
use crate::family::{Family, from_postcard, to_postcard};

/// `memberships`: customer id → what was told of it.
#[derive(Debug)]
pub(in crate::published) struct Memberships;

impl Family for Memberships {
    const NAME: &'static str = "memberships";
    const PREFIX_BYTES: usize = 0;
    type Key = IdentifierId;
    type Value = MembershipRow;

    fn encode_key(key: &IdentifierId) -> Vec<u8> {
        key.0.to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<IdentifierId> {
        Some(IdentifierId(bytes.try_into().ok()?))
    }

    fn encode_value(row: &MembershipRow) -> Vec<u8> {
        to_postcard(row)
    }

    fn decode_value(bytes: &[u8]) -> Result<MembershipRow, String> {
        from_postcard(bytes)
    }
}

/// `deadlines`: (instant, customer id) → –.
#[derive(Debug)]
pub(in crate::published) struct Deadlines;

impl Family for Deadlines {
    const NAME: &'static str = "deadlines";
    const PREFIX_BYTES: usize = 0;
    type Key = (Micros, IdentifierId);
    type Value = ();

    /// With the sign turned, so that instants before 1970 come first.
    fn encode_key((at, customer): &Self::Key) -> Vec<u8> {
        let at = at.0.cast_unsigned() ^ SIGN;
        [at.to_be_bytes().as_slice(), &customer.0].concat()
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        let (at, customer) = bytes.split_first_chunk::<8>()?;
        let at = (u64::from_be_bytes(*at) ^ SIGN).cast_signed();
        Some((Micros(at), IdentifierId(customer.try_into().ok()?)))
    }

    fn encode_value((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_value(_: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

const SIGN: u64 = 1 << 63;

/// `membership_changes`: sequence number, from 1 without gaps → the change.
#[derive(Debug)]
pub(in crate::published) struct MembershipChanges;

impl Family for MembershipChanges {
    const NAME: &'static str = "membership_changes";
    const PREFIX_BYTES: usize = 0;
    type Key = u64;
    type Value = MembershipChange;

    fn encode_key(key: &u64) -> Vec<u8> {
        key.to_be_bytes().to_vec()
    }

    fn decode_key(bytes: &[u8]) -> Option<u64> {
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }

    fn encode_value(change: &MembershipChange) -> Vec<u8> {
        to_postcard(change)
    }

    fn decode_value(bytes: &[u8]) -> Result<MembershipChange, String> {
        from_postcard(bytes)
    }
}

/// `memberships_told`: the one row that says how far was told.
#[derive(Debug)]
pub(in crate::published) struct MembershipTolds;

impl Family for MembershipTolds {
    const NAME: &'static str = "memberships_told";
    const PREFIX_BYTES: usize = 0;
    type Key = ();
    type Value = MembershipsTold;

    fn encode_key((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_key(bytes: &[u8]) -> Option<()> {
        bytes.is_empty().then_some(())
    }

    fn encode_value(told: &MembershipsTold) -> Vec<u8> {
        to_postcard(told)
    }

    fn decode_value(bytes: &[u8]) -> Result<MembershipsTold, String> {
        from_postcard(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_in_the_order_of_instants() {
        let instants = [i64::MIN, -5, 0, 7, i64::MAX].map(Micros);
        let keys: Vec<Vec<u8>> =
            instants.iter().map(|at| Deadlines::encode_key(&(*at, IdentifierId([9; 16])))).collect();
        assert!(keys.is_sorted());
        for (key, at) in keys.iter().zip(instants) {
            assert_eq!(Deadlines::decode_key(key), Some((at, IdentifierId([9; 16]))));
        }
    }
}
