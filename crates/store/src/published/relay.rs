//! How far the changes of memberships were relayed to a topic, and the records that are under way there.
//!
//! Owns that nothing is forgotten before it was relayed, and that what is sent again has the same bytes: records lie here from
//! before they are sent until they are acknowledged. One writer, the relay. Never sends anything.

use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::Published;
use crate::{
    batch::Batch,
    error::StoreError,
    family::{Family, from_postcard, to_postcard},
};

/// Where the relay stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayRow {
    /// Id of the topic that it relays to: one that was made again has another.
    pub topic_id: String,
    /// Sequence number of the last change that the topic is known to hold.
    pub acknowledged: u64,
    /// What is being sent; empty if nothing is.
    pub under_way: Vec<RelayRecord>,
}

/// A record for the topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayRecord {
    /// Sequence number of its change.
    pub sequence: u64,
    /// Key.
    pub key: Vec<u8>,
    /// Value.
    pub value: Vec<u8>,
    /// Headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Published {
    /// Where the relay stands; `None` if nothing was ever relayed.
    ///
    /// # Errors
    /// `Read` or `DamagedPublished`.
    pub fn relay(&self) -> Result<Option<RelayRow>, StoreError> {
        self.get::<Relays>(&())
    }

    /// Keeps where the relay stands, on disk when it returns. From the first call on, what is not acknowledged is not forgotten.
    ///
    /// # Errors
    /// `Unpublished`.
    pub fn keep_relay(&self, row: &RelayRow) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        batch.put::<Relays>(&(), row);
        self.write(batch, true)?;
        self.relayed.store(row.acknowledged, Ordering::Release);
        Ok(())
    }

    /// The last change that may be forgotten as far as the relay is concerned.
    pub(super) fn relayed(&self) -> u64 {
        self.relayed.load(Ordering::Acquire)
    }
}

/// `membership_relay`: the one row that says where the relay stands.
#[derive(Debug)]
pub(super) struct Relays;

impl Family for Relays {
    const NAME: &'static str = "membership_relay";
    const PREFIX_BYTES: usize = 0;
    type Key = ();
    type Value = RelayRow;

    fn encode_key((): &()) -> Vec<u8> {
        Vec::new()
    }

    fn decode_key(bytes: &[u8]) -> Option<()> {
        bytes.is_empty().then_some(())
    }

    fn encode_value(row: &RelayRow) -> Vec<u8> {
        to_postcard(row)
    }

    fn decode_value(bytes: &[u8]) -> Result<RelayRow, String> {
        from_postcard(bytes)
    }
}
