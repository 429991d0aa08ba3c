//! What is told of memberships beside what a customer's profile says at the same instant, worked out anew from all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use definition::{Body, Kind, seal};
use expr::Zone;
use journal::{Journal, NewRecord, memory::MemoryJournal};
use projector::{Members, MembersSettings};
use segment::{Clock, Segments, schema::schema};
use store::{CustomerRows, Published, Resolved, Snapshot, subjects};
use tests::{pipeline::hash_key, touchpoints::touchpoint};
use types::{
    Catalogue, IdentifierId, Micros,
    record::{Definition, DefinitionSet, Item, SegmentDefinition, Touchpoint},
};

/// Of everything that a segment may ask for some: single touchpoints, windows, texts of touchpoints, figures, identifiers, other segments.
const SEGMENTS: [(&str, &str); 10] = [
    ("carded", r#""loyalty_card" in identifiers"#),
    ("few", "touchpoints().count() < 3"),
    ("lately", r#"touchpoints().within("20s").count() >= 2"#),
    ("mailed", r#""email" in identifiers && touchpoints("product_viewed").where(t, "p0" in t.products).count() > 0"#),
    ("no-card", r#"!("loyalty_card" in identifiers) && segment("pages")"#),
    ("p0", r#"touchpoints("product_viewed").where(t, "p0" in t.products).count() > 0"#),
    ("p1-not-p0", r#"touchpoints("product_viewed").where(t, "p1" in t.products).count() > 0 && !segment("p0")"#),
    ("pages", r#"touchpoints("page_viewed").count() >= 2"#),
    ("present", r#"touchpoints("store_entered").within("30s").count() >= 1"#),
    ("visits", "metrics.visits >= 2"),
];

/// The instant at which everything is told.
const NOW: Micros = Micros(60_000_000);

/// A touchpoint of a kind that its number says.
pub(super) fn seen(number: u8, second: i64, identifier: &str) -> Touchpoint {
    let kind = ["page_viewed", "product_viewed", "store_entered"][usize::from(number % 3)];
    let mut seen = touchpoint(kind, &format!("m{number}"), second, identifier);
    seen.store_id = "s1".to_owned();
    if kind == "product_viewed" {
        seen.items.push(Item { product_id: format!("p{}", number / 3 % 2), ..Item::default() });
    }
    seen
}

fn definition(name: &str, expression: &str) -> Definition {
    let segment = SegmentDefinition { expression: expression.to_owned(), ..SegmentDefinition::default() };
    Definition {
        kind: Kind::Segment.to_proto().into(),
        name: name.to_owned(),
        body: Some(Body::Segment(segment)),
        ..Definition::default()
    }
}

fn record(set_id: String, definitions: Vec<Definition>) -> NewRecord {
    let value = seal::seal(&DefinitionSet { set_id, definitions, ..DefinitionSet::default() }, Micros(1));
    NewRecord { partition: 0, key: Vec::new(), value, headers: Vec::new() }
}

/// One segment by a number, as the set of a place in the journal.
pub(super) fn anew(number: usize, place: u64) -> NewRecord {
    let expression = format!(r#"touchpoints("page_viewed").count() >= {number}"#);
    record(place.to_string(), vec![definition("pages", &expression)])
}

/// A journal in which the segments are defined.
pub(super) fn defined(runtime: &tokio::runtime::Runtime) -> Arc<dyn Journal> {
    let definitions = SEGMENTS.into_iter().map(|(name, expression)| definition(name, expression)).collect();
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new(1));
    let record = record("segments".to_owned(), definitions);
    runtime.block_on(journal.append(vec![record])).unwrap();
    journal
}

/// Tells memberships, as at a start.
pub(super) fn members(published: &Arc<Published>) -> Members {
    let settings = MembersSettings {
        hash_key: hash_key(),
        kinds: Catalogue::default(),
        clock: Clock::Fixed(NOW),
        zone: Zone::default(),
        wall: || NOW,
        ends: Box::new(|| None),
        changes_max: 0,
        piece_max: 3,
    };
    Members::new(Arc::clone(published), settings).unwrap()
}

/// What was told of customers is what they are, and of ids that are nobody's nothing is told any more.
pub(super) fn check(
    published: &Published,
    snapshot: &Snapshot<'_>,
    rows: &CustomerRows<'_>,
    found: &BTreeMap<IdentifierId, Resolved>,
    ids: &[IdentifierId],
) {
    let catalogue = store::definition::catalogue(snapshot, &[Kind::Segment]).unwrap();
    let definitions = segment::check::definitions(&catalogue);
    let segments = Segments::compile(&definitions, &schema(&Catalogue::default(), [])).unwrap();
    let numbers = published.told_segments().unwrap();
    for (id, row) in ids.iter().zip(published.memberships(ids).unwrap()) {
        let told: BTreeSet<String> = row
            .iter()
            .flat_map(|row| row.segments.keys())
            .map(|ordinal| numbers.name(*ordinal).unwrap().to_owned())
            .collect();
        let Some(resolved) = found.get(id) else {
            assert_eq!(row, None, "{id:?} is nobody");
            continue;
        };
        let subject = subjects::subject(rows, &hash_key(), resolved, subjects::Wanted::all(NOW)).unwrap();
        let now = segments.memberships(&subject.customer, NOW).into_iter();
        let now: BTreeSet<String> = now.filter(|(_, membership)| membership.member).map(|(name, _)| name).collect();
        assert_eq!(told, now, "{:?}", resolved.identity);
    }
}
