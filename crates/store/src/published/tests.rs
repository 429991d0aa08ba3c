//! What was told is there after it was opened again, dense, and only as much of it as is to be kept.

use super::*;
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
    let published = Published::open(dir.path(), &first).unwrap();
    let holder = Holder { customer: id(2), cut: true };
    let told = published.tell(Told::default(), &BTreeMap::from([(id(1), holder)]), &[change(1), change(2)], 0).unwrap();
    let told = published.tell(told, &BTreeMap::new(), &[change(3)], 0).unwrap();
    assert_eq!((told.forgotten, told.last), (0, 3));
    drop(published);

    let published = Published::open(dir.path(), &PublishedManifest { feed: [2; 16], ..manifest("t") }).unwrap();
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
    drop(Published::open(dir.path(), &manifest("t")).unwrap());
    for other in [manifest("u"), PublishedManifest { format_version: 1, ..manifest("t") }] {
        let said = Published::open(dir.path(), &other).unwrap_err().to_string();
        assert!(said.contains("delete the directory `published`"), "{said}");
    }
}
