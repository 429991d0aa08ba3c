//! The digest of a whole state: a scan over canonical logical records, without positions, times of receipt or shards.

use std::collections::BTreeMap;

use identity::Rules;
use profile::{accumulator::Accumulator, core::Core, digest::Digest, metric};
use prost::Message;
use types::{FragmentId, HashKey, record::Envelope};

use crate::{
    customers::{CustomerRows, Resolved},
    decision::HeldDecision,
    error::StoreError,
    family::{
        Conflicts, Decisions, Family, Fragments, Months, Orders, Timeline, fragments::FragmentRow,
        timeline::TimelineRow,
    },
    snapshot::{Range, Snapshot},
};

/// The part of customers: each with its id, its identifiers and its fragments.
pub const CUSTOMERS: &str = "customers";

/// The digest of each part, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateDigest {
    /// `touchpoints`, `decisions`, `links`, `customers` and `metric.NAME`.
    pub parts: BTreeMap<String, Digest>,
}

impl StateDigest {
    /// Scans a snapshot.
    ///
    /// # Errors
    /// Those of the store.
    pub fn of(snapshot: &Snapshot<'_>, rules: &Rules, hash_key: &HashKey) -> Result<Self, StoreError> {
        let mut digest = Self::default();
        digest.add_touchpoints(snapshot)?;
        digest.add_decisions(snapshot, hash_key)?;
        digest.add_fragments(snapshot)?;
        digest.add_rows(snapshot)?;
        CustomerRows::new(snapshot, rules, hash_key).for_each(|customer| {
            digest.part(CUSTOMERS).add(&customer_record(&customer).iter().map(Vec::as_slice).collect::<Vec<_>>());
            Ok::<(), StoreError>(())
        })?;
        Ok(digest)
    }

    /// How many records a part has.
    pub fn count(&self, part: &str) -> u64 {
        self.parts.get(part).map_or(0, Digest::count)
    }

    /// The digest of all parts, in hexadecimal.
    pub fn state(&self) -> String {
        profile::digest::of_parts(self.parts.iter().map(|(name, digest)| (name.as_str(), digest)))
    }

    fn part(&mut self, name: &str) -> &mut Digest {
        self.parts.entry(name.to_owned()).or_default()
    }

    fn add_touchpoints(&mut self, snapshot: &Snapshot<'_>) -> Result<(), StoreError> {
        for row in snapshot.scan::<Timeline>(&Range::all()) {
            self.add_touchpoint(b"counts", &row?.1)?;
        }
        for row in snapshot.scan::<Conflicts>(&Range::all()) {
            self.add_touchpoint(b"conflict", &row?.1)?;
        }
        Ok(())
    }

    fn add_touchpoint(&mut self, role: &[u8], row: &TimelineRow) -> Result<(), StoreError> {
        let envelope = Envelope::decode(row.envelope.as_slice())
            .map_err(|error| StoreError::Damaged { family: Timeline::NAME, what: error.to_string() })?;
        self.part("touchpoints").add(&[role, &envelope.partition_key, envelope.source.as_bytes(), &envelope.payload]);
        Ok(())
    }

    /// Each once, though it lies under both of its ends.
    fn add_decisions(&mut self, snapshot: &Snapshot<'_>, hash_key: &HashKey) -> Result<(), StoreError> {
        for row in snapshot.scan::<Decisions>(&Range::all()) {
            let ((identifier, content), row) = row?;
            if HeldDecision::of(&row, hash_key)?.decision.link().0 == identifier {
                self.part("decisions").add(&[&content.0]);
            }
        }
        Ok(())
    }

    fn add_fragments(&mut self, snapshot: &Snapshot<'_>) -> Result<(), StoreError> {
        for row in snapshot.scan::<Fragments>(&Range::all()) {
            let (fragment, FragmentRow { identifiers, core, lost }) = row?;
            let evidence = crate::family::to_postcard(&(&identifiers, &core.first, &lost));
            self.part("links").add(&[&fragment.0, &evidence]);
            self.add_core(fragment, &core);
        }
        Ok(())
    }

    fn add_core(&mut self, fragment: FragmentId, core: &Core) {
        let span = (core.touchpoints, &core.first, &core.last);
        self.part("metric.touchpoints").add(&[&fragment.0, &crate::family::to_postcard(&span)]);
        if !core.traits.is_empty() {
            self.part("metric.traits").add(&[&fragment.0, &crate::family::to_postcard(&core.traits)]);
        }
        if !core.consents.is_empty() {
            self.part("metric.consents").add(&[&fragment.0, &crate::family::to_postcard(&core.consents)]);
        }
        for (id, accumulator) in &core.accumulators {
            self.add_accumulator(fragment, *id, accumulator);
        }
    }

    fn add_accumulator(&mut self, fragment: FragmentId, id: metric::MetricId, accumulator: &Accumulator) {
        let name = metric::by_id(id).map_or_else(|| id.to_string(), |metric| metric.name.to_owned());
        self.part(&format!("metric.{name}")).add(&[&fragment.0, &crate::family::to_postcard(accumulator)]);
    }

    fn add_rows(&mut self, snapshot: &Snapshot<'_>) -> Result<(), StoreError> {
        for row in snapshot.scan::<Months>(&Range::all()) {
            let (key, activity) = row?;
            self.part("metric.activity").add(&[&Months::encode_key(&key), &Months::encode_value(&activity)]);
        }
        for row in snapshot.scan::<Orders>(&Range::all()) {
            let (key, facts) = row?;
            self.part("metric.orders").add(&[&Orders::encode_key(&key), &Orders::encode_value(&facts)]);
        }
        Ok(())
    }
}

/// Customer id, then identifiers by id, then fragments.
fn customer_record(customer: &Resolved) -> Vec<Vec<u8>> {
    let mut identifiers: Vec<[u8; 16]> = customer.identity.identifiers.iter().map(|(id, _)| id.0).collect();
    identifiers.sort_unstable();
    let fragments: Vec<[u8; 16]> = customer.identity.fragments.iter().map(|fragment| fragment.0).collect();
    vec![customer.identity.id.0.to_vec(), identifiers.concat(), fragments.concat()]
}
