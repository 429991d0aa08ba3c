//! A state from before there was an outbox.

use super::*;
use crate::family::touched::Touch;
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
