//! Checkpoints of a state with shards alone: what is made is found again, what is damaged or foreign is refused.

use super::*;
use crate::{
    Batch,
    family::{Shards, shards::ShardRow},
};

fn manifest(topic: &str) -> Manifest {
    let format_version = crate::manifest::FORMAT_VERSION;
    Manifest { format_version, topic_id: topic.to_owned(), partitions: 1, ..Manifest::default() }
}

fn apply(store: &Store, applied: u64) {
    let mut batch = Batch::default();
    batch.put::<Shards>(&0, &ShardRow { applied, ..ShardRow::default() });
    store.write(batch).unwrap();
}

struct Made {
    dir: tempfile::TempDir,
    store: Store,
    checkpoints: Checkpoints,
    checkpoint: Checkpoint,
}

/// A checkpoint at offset 7 of a state that went on to 9.
fn made() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&settings(&dir.path().join("live")), &manifest("here")).unwrap();
    apply(&store, 7);
    let checkpoints = Checkpoints::new(dir.path().join("checkpoints"));
    let key = HashKey::derive("key");
    let checkpoint = checkpoints.create(&store, "one", "2026-01-01T00:00:00Z", &Rules::default(), &key).unwrap();
    apply(&store, 9);
    Made { dir, store, checkpoints, checkpoint }
}

fn verify(made: &Made, topic: &str) -> Result<Checkpoint, CheckpointError> {
    let (rules, key) = (Rules::default(), HashKey::derive("key"));
    made.checkpoints.verify("one", &manifest(topic), Some((&rules, &key)))
}

#[test]
fn a_checkpoint_holds_its_own_instant_and_can_be_placed() {
    let made = made();
    assert_eq!(made.checkpoint.applied["0"], 7);
    assert_eq!(verify(&made, "here").unwrap(), made.checkpoint);
    let target = made.dir.path().join("restored");
    made.checkpoints.place_at(&made.checkpoint, &target).unwrap();
    let restored = Store::open(&settings(&target), &manifest("here")).unwrap();
    assert_eq!(applied(&restored).unwrap()["0"], 7);
    apply(&restored, 8);
    drop(restored);
    // Neither the checkpoint nor the live state felt it.
    assert_eq!(verify(&made, "here").unwrap(), made.checkpoint);
    assert_eq!(applied(&made.store).unwrap()["0"], 9);
}

#[test]
fn damaged_and_foreign_ones_are_refused() {
    let made = made();
    let said = verify(&made, "elsewhere").unwrap_err().to_string();
    assert!(said.contains("journal topic") && said.contains("elsewhere"), "{said}");
    let state = made.checkpoints.dir.join("one").join(STATE);
    let table = made.checkpoint.files.keys().find(|file| file.ends_with(".sst")).unwrap();
    fs::remove_file(state.join(table)).unwrap();
    let said = verify(&made, "here").unwrap_err().to_string();
    assert!(said.contains(table) && said.contains("journal"), "{said}");
}

#[test]
fn what_was_broken_off_is_not_listed_and_goes() {
    let made = made();
    let left = made.checkpoints.dir.join(format!("{PARTIAL}two"));
    fs::create_dir(&left).unwrap();
    let listed: Vec<_> = made.checkpoints.list().unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(listed, std::slice::from_ref(&made.checkpoint));
    made.checkpoints.clean().unwrap();
    assert!(!left.exists() && made.checkpoints.read("one").is_ok());
}

#[test]
fn names_are_checked_and_not_taken_twice() {
    let made = made();
    let key = HashKey::derive("key");
    for name in ["", "..", "a/b", ".x", "one"] {
        let refused = made.checkpoints.create(&made.store, name, "", &Rules::default(), &key);
        assert!(refused.is_err(), "{name}");
    }
}
