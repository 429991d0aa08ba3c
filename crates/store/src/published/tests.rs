//! What was told is there after it was opened again, dense, and only as much of it as is to be kept.

use super::{
    memberships::{MembershipCause, MembershipChange, MembershipsTold},
    *,
};
use memberships::Rewritten;
use segment::Due;
use types::Micros;

fn id(number: u8) -> IdentifierId {
    IdentifierId([number; 16])
}

fn change(number: u8) -> IdentityChange {
    IdentityChange {
        kind: ChangeKind::Merged,
        from: id(number),
        to: id(number + 1),
        identifiers: vec![id(number)],
        cause: Cause::Touchpoint(1, u64::from(number)),
        generation: 1,
        observed_at: Micros(5),
        applied: BTreeMap::from([(1, 7)]),
    }
}

fn manifest(topic: &str) -> PublishedManifest {
    PublishedManifest { format_version: PUBLISHED_FORMAT_VERSION, topic_id: topic.into(), ..Default::default() }
}

fn sequences(published: &Published, after: u64) -> Vec<u64> {
    published.changes(after, 100).unwrap().into_iter().map(|(sequence, _)| sequence).collect()
}

#[test]
fn what_was_told_is_there_again_and_the_oldest_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let first = PublishedManifest { feed: [1; 16], ..manifest("t") };
    let published = Published::open(&StoreSettings::small(dir.path()), &first).unwrap();
    let holder = Holder { customer: id(2), cut: true };
    let told = published.tell(Told::default(), &BTreeMap::from([(id(1), holder)]), &[change(1), change(2)], 0).unwrap();
    let told = published.tell(told, &BTreeMap::new(), &[change(3)], 0).unwrap();
    assert_eq!((told.forgotten, told.last), (0, 3));
    drop(published);

    let published =
        Published::open(&StoreSettings::small(dir.path()), &PublishedManifest { feed: [2; 16], ..manifest("t") })
            .unwrap();
    assert_eq!((published.feed(), published.told().unwrap()), ([1; 16], told.clone()));
    assert_eq!(published.holders(&[id(9), id(1)]).unwrap(), [None, Some(holder)]);
    assert_eq!(published.changes(1, 1).unwrap(), [(2, change(2))]);
    let told = published.tell(told, &BTreeMap::new(), &[change(4)], 2).unwrap();
    assert_eq!((told.forgotten, told.last, sequences(&published, 0)), (2, 4, vec![3, 4]));
    // A greater maximum brings nothing back.
    let told = published.tell(told, &BTreeMap::new(), &[change(5)], 100).unwrap();
    assert_eq!((told.forgotten, sequences(&published, 0)), (2, vec![3, 4, 5]));
}

#[test]
fn another_journal_and_another_format_are_refused_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    drop(Published::open(&StoreSettings::small(dir.path()), &manifest("t")).unwrap());
    for other in [manifest("u"), PublishedManifest { format_version: PUBLISHED_FORMAT_VERSION + 1, ..manifest("t") }] {
        let said = Published::open(&StoreSettings::small(dir.path()), &other).unwrap_err().to_string();
        assert!(said.contains("delete the directory `published`"), "{said}");
    }
}

fn membership(customer: u8) -> MembershipChange {
    MembershipChange {
        customer: id(customer),
        segment: "s".into(),
        version: 1,
        entered: true,
        effective_at: Micros(1),
        correction: false,
        cause: MembershipCause::Time,
        generation: 1,
        observed_at: Micros(2),
        applied: BTreeMap::new(),
    }
}

fn history(published: &Published, customers: &[u8], newest_first: bool, after: Option<u64>, max: usize) -> Vec<u64> {
    let ids: Vec<IdentifierId> = customers.iter().copied().map(id).collect();
    published.membership_history(&ids, &HistoryPart { newest_first, after, max }).unwrap()
}

#[test]
fn a_history_is_paged_in_both_orders_and_forgotten_with_its_changes() {
    let dir = tempfile::tempdir().unwrap();
    let published = Published::open(&StoreSettings::small(dir.path()), &manifest("t")).unwrap();
    let tell = |told, customers: &[u8], kept| {
        let changes: Vec<MembershipChange> = customers.iter().copied().map(membership).collect();
        published.tell_memberships(told, &BTreeMap::new(), &changes, kept).unwrap()
    };
    let told = tell(MembershipsTold::default(), &[1, 2, 1, 3, 255], 0);
    assert_eq!(history(&published, &[1], false, None, 9), [1, 3]);
    assert_eq!(history(&published, &[1, 2], true, None, 2), [3, 2]);
    assert_eq!(history(&published, &[1, 2], true, Some(2), 2), [1]);
    assert_eq!(history(&published, &[2, 1], false, Some(1), 1), [2]);
    assert_eq!(history(&published, &[255], true, None, 9), [5]);
    assert_eq!(history(&published, &[4, 254], true, None, 9), [0; 0]);
    assert_eq!(published.membership_changes_at(&[3, 9, 2]).unwrap(), [(3, membership(1)), (2, membership(2))]);

    // What is told and forgotten by one and the same write leaves nothing behind either.
    let told = tell(told, &[1, 2, 3], 2);
    assert_eq!((told.forgotten, told.last), (6, 8));
    assert_eq!(history(&published, &[1, 2, 3, 255], false, None, 99), [7, 8]);
}

#[test]
fn what_was_not_relayed_is_not_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let published = Published::open(&StoreSettings::small(dir.path()), &manifest("t")).unwrap();
    assert_eq!(published.relay().unwrap(), None);
    let record = RelayRecord { sequence: 3, key: vec![1], value: vec![2], headers: vec![("ce_id".into(), vec![3])] };
    let row = RelayRow { topic_id: "topic".into(), acknowledged: 2, under_way: vec![record] };
    published.keep_relay(&row).unwrap();
    let changes = [1, 2, 3, 4, 5].map(membership);
    let told = published.tell_memberships(MembershipsTold::default(), &BTreeMap::new(), &changes, 1).unwrap();
    assert_eq!(told.forgotten, 2);
    published.keep_relay(&RelayRow { acknowledged: 5, under_way: Vec::new(), ..row.clone() }).unwrap();
    let told = published.tell_memberships(told, &BTreeMap::new(), &[membership(6)], 1).unwrap();
    assert_eq!(told.forgotten, 5);
    drop(published);
    let published = Published::open(&StoreSettings::small(dir.path()), &manifest("t")).unwrap();
    assert_eq!(published.relay().unwrap().map(|row| row.acknowledged), Some(5));
}

#[test]
fn deadlines_are_read_after_one_and_up_to_an_instant() {
    let dir = tempfile::tempdir().unwrap();
    let published = Published::open(&StoreSettings::small(dir.path()), &manifest("t")).unwrap();
    let row = |next: Option<Micros>| memberships::MembershipRow {
        until: Micros(0),
        segments: BTreeMap::new(),
        due: next.into_iter().map(|at| (0, Due { at, brings: None })).collect(),
    };
    let rows = [(1, -5), (2, 5), (3, 5), (4, 6)]
        .map(|(number, at)| (id(number), Rewritten { was_due: None, row: Some(row(Some(Micros(at)))) }));
    let told = published.tell_memberships(Default::default(), &BTreeMap::from(rows), &[], 0).unwrap();
    let due = |after, now, max| {
        let due = published.due(after, Micros(now), max).unwrap();
        due.into_iter().map(|(at, customer)| (at.0, customer.0[0])).collect::<Vec<_>>()
    };
    assert_eq!(due(None, 5, 9), [(-5, 1), (5, 2), (5, 3)]);
    assert_eq!(due(Some((Micros(5), id(2))), 9, 1), [(5, 3)]);
    assert_eq!(due(None, -6, 9), []);
    // One that was told is due no more, and one that was never told is not due.
    let rows = BTreeMap::from([(id(1), Rewritten { was_due: Some(Micros(-5)), row: Some(row(None)) })]);
    published.tell_memberships(told, &rows, &[], 0).unwrap();
    assert_eq!(due(None, 4, 9), []);
}
