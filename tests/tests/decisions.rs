//! Unlinks and separations among twenty thousand customers: the digest of the customers is that of a fold in which these pairs
//! are no evidence, all together and one by one; once withdrawn, it is that of before.
#![cfg(test)]

use profile::digest::Digest;
use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use tests::pipeline::{Arrival, Pipeline};
use types::{
    Identifier, Micros,
    record::{IdentityAction, IdentityDecision},
};

#[path = "decisions/crowd.rs"]
mod crowd;
#[path = "decisions/excluded.rs"]
mod excluded;

use excluded::{Evidence, pair};

const CUSTOMERS: u64 = 20_000;
const PAIRS: usize = 20;
const BATCH: usize = 4_096;

/// The state of the crowd, and an operator before it.
struct Desk {
    pipeline: Pipeline,
    decided: i64,
}

impl Desk {
    fn new() -> Self {
        let pipeline = Pipeline::new(4);
        let arrivals: Vec<Arrival> = crowd::arrivals(CUSTOMERS).into_iter().map(Arrival::from).collect();
        pipeline.append(&arrivals);
        pipeline.fold(BATCH);
        Self { pipeline, decided: 0 }
    }

    /// Decides the same about each pair, later than everything before.
    fn decide<'a>(&mut self, action: IdentityAction, pairs: impl IntoIterator<Item = &'a [Identifier; 2]>) {
        let decisions: Vec<Arrival> = pairs.into_iter().map(|pair| self.decision(action, pair)).collect();
        self.pipeline.append(&decisions);
        self.pipeline.fold(BATCH);
    }

    fn decision(&mut self, action: IdentityAction, [left, right]: &[Identifier; 2]) -> Arrival {
        self.decided += 1;
        let at = Micros(1_800_000_000_000_000 + self.decided);
        let decision = IdentityDecision {
            decision_id: format!("d{}", self.decided),
            action: action.into(),
            left: Some(left.min(right).into()),
            right: Some(left.max(right).into()),
            reason: "they said so".into(),
            operator: "desk".into(),
            decided_at: Some(at.to_proto()),
        };
        Arrival::Decision(decision, at)
    }

    fn customers(&self) -> Digest {
        self.pipeline.digest().parts["customers"]
    }
}

/// Pairs for which the digest of everybody is taken one by one, too; `PATRON_DECISIONS_DIGESTS` asks for more.
fn digests() -> usize {
    std::env::var("PATRON_DECISIONS_DIGESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// Pairs drawn from all that are linked by evidence, the same in every run.
fn drawn(evidence: &Evidence) -> Vec<[Identifier; 2]> {
    let mut pairs = evidence.linked_pairs();
    pairs.shuffle(&mut ChaCha8Rng::seed_from_u64(7));
    pairs.truncate(PAIRS);
    pairs
}

#[test]
fn decisions_are_as_if_the_pairs_were_no_evidence_and_leave_no_trace_once_withdrawn() {
    use IdentityAction::{Separate, Unlink, Withdraw};
    let mut desk = Desk::new();
    let original = desk.pipeline.digest();
    let evidence = Evidence::of(desk.pipeline.store());
    assert_eq!(original.parts["customers"], evidence.digest_without(&[], &[]), "nothing excluded, nothing changed");
    assert!(original.parts["customers"].count() >= CUSTOMERS);
    let pairs = drawn(&evidence);
    let links: Vec<_> = pairs.iter().map(pair).collect();
    let (half, other_half) = links.split_at(PAIRS / 2);

    // All together: one half unlinked, the other separated; then all separated; then all unlinked.
    desk.decide(Unlink, &pairs[..PAIRS / 2]);
    desk.decide(Separate, &pairs[PAIRS / 2..]);
    let mixed = desk.pipeline.digest();
    assert_eq!(mixed.parts["customers"], evidence.digest_without(half, other_half));
    assert!(mixed.parts["customers"].count() >= original.parts["customers"].count() + PAIRS as u64 / 2);
    for (name, digest) in original.parts.iter().filter(|(name, _)| *name != "customers") {
        assert_eq!(mixed.parts[name], *digest, "{name}: a decision moves no data");
    }
    desk.decide(Separate, &pairs);
    assert_eq!(desk.customers(), evidence.digest_without(&[], &links));
    desk.decide(Unlink, &pairs);
    assert_eq!(desk.customers(), evidence.digest_without(&links, &[]));
    desk.decide(Withdraw, &pairs);
    assert_eq!(desk.customers(), original.parts["customers"]);

    // One by one: everybody around the pair, and for the first few the digest of all.
    let mut parted = 0;
    for (number, (pair, link)) in pairs.iter().zip(&links).enumerate() {
        for action in [Unlink, Separate] {
            desk.decide(action, [pair]);
            let (unlinked, apart): (&[_], &[_]) = if action == Unlink { (&[*link], &[]) } else { (&[], &[*link]) };
            let found = evidence.around(desk.pipeline.store(), link.0);
            assert_eq!(found, evidence.around_without(link.0, unlinked, apart), "{action:?} {pair:?}");
            let changed = found != evidence.around_without(link.0, &[], &[]);
            assert!(changed || action == Unlink, "separate {pair:?}");
            parted += usize::from(changed && action == Unlink);
            if number < digests() {
                assert_eq!(desk.customers(), evidence.digest_without(unlinked, apart), "{action:?} {pair:?}");
            }
        }
        desk.decide(Withdraw, [pair]);
        assert_eq!(evidence.around(desk.pipeline.store(), link.0), evidence.around_without(link.0, &[], &[]));
    }
    assert!((1..PAIRS).contains(&parted), "{parted} of {PAIRS} hung on one link alone");
    let restored = desk.pipeline.digest();
    assert_eq!(restored.parts["customers"], original.parts["customers"]);
    assert_eq!(restored.parts["decisions"].count(), desk.decided as u64, "what was decided stays on record");
}
