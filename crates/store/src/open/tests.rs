//! A state from before there was an outbox, and a batch that serves again.

use super::*;
use crate::family::{Losers, touched::Touch};
use types::IdentifierId;

#[test]
fn a_state_without_an_outbox_opens_and_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, manifest) = (dir.path().join("state"), Manifest::default());
    let settings = StoreSettings { sync: true, ..StoreSettings::small(dir) };
    let mut store = Store::open(&settings, &manifest).unwrap();
    store.db.drop_cf(Touched::NAME).unwrap();
    drop(store);
    let read_only = Store::open_read_only(&settings, &manifest).unwrap();
    assert!(read_only.snapshot().shards().unwrap().is_empty());
    drop(read_only);
    let store = Store::open(&settings, &manifest).unwrap();
    let (key, touch) = ((7, IdentifierId([1; 16])), Touch { since: types::Micros(5), ..Touch::default() });
    let mut batch = Batch::default();
    batch.put::<Touched>(&key, &touch);
    store.write_unsynced(batch).unwrap();
    assert_eq!(store.snapshot().get::<Touched>(&key).unwrap(), Some(touch));
}

#[test]
fn a_batch_that_serves_again_writes_nothing_of_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreSettings::small(dir.path()), &Manifest::default()).unwrap();
    let key = |number: u8| (u64::from(number), IdentifierId([number; 16]));
    let touch = |micros| Touch { since: types::Micros(micros), ..Touch::default() };
    let mut batch = Batch::default();
    batch.put::<Touched>(&key(1), &touch(1));
    batch.put::<Touched>(&key(2), &touch(2));
    batch.put::<Losers>(&loser(1), &());
    store.write_out(&mut batch).unwrap();
    assert!(batch.is_empty() && batch.bytes_len() == 0);

    batch.delete_range::<Touched>(&key(1), &key(1));
    batch.put::<Losers>(&loser(2), &());
    store.write_out(&mut batch).unwrap();
    let of_another = |store: &Store| {
        let held = |number| store.snapshot().get::<Touched>(&key(number)).unwrap();
        (held(1), held(2), [1, 2].map(|number| store.snapshot().get::<Losers>(&loser(number)).unwrap()))
    };
    assert_eq!(of_another(&store), (None, Some(touch(2)), [Some(()), Some(())]));

    batch.delete::<Losers>(&loser(1));
    batch.clear();
    batch.put::<Touched>(&key(1), &touch(3));
    store.write_out(&mut batch).unwrap();
    assert_eq!(
        of_another(&store),
        (Some(touch(3)), Some(touch(2)), [Some(()), Some(())]),
        "what was cleared is not written"
    );
}

fn loser(number: u8) -> (types::FragmentId, types::CopyKey, types::ContentHash) {
    (types::FragmentId([number; 16]), types::CopyKey([number; 16]), types::ContentHash([number; 16]))
}
