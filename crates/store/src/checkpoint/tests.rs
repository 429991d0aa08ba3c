//! Checkpoints of a state with shards alone: what is made is found again, what is damaged or foreign is refused.

use super::{
    description::{applied, settings},
    *,
};
use crate::{
    Batch, Manifest,
    family::{Shards, shards::ShardRow},
    generations::Directories,
};

fn manifest(topic: &str) -> Manifest {
    let format_version = crate::manifest::FORMAT_VERSION;
    let rules = crate::rules::to_text(&Rules::default());
    Manifest { format_version, topic_id: topic.to_owned(), partitions: 1, rules, ..Manifest::default() }
}

fn apply(store: &Store, applied: u64) {
    let mut batch = Batch::default();
    batch.put::<Shards>(&0, &ShardRow { applied, ..ShardRow::default() });
    store.write(batch).unwrap();
}

struct Made {
    dir: tempfile::TempDir,
    directories: Directories,
    store: Store,
    checkpoints: Checkpoints,
    checkpoint: Checkpoint,
}

/// A checkpoint at offset 7 of a state that went on to 9.
fn made() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let directories = Directories::take_over(dir.path()).unwrap();
    let store = Store::open(&settings(&directories.dir_of(1)), &manifest("here")).unwrap();
    apply(&store, 7);
    let checkpoints = Checkpoints::of(dir.path());
    let key = HashKey::derive("key");
    let checkpoint = checkpoints.create(&store, "one", "2026-01-01T00:00:00Z", &Rules::default(), &key).unwrap();
    apply(&store, 9);
    Made { dir, directories, store, checkpoints, checkpoint }
}

fn verify(made: &Made, topic: &str) -> Result<Checkpoint, CheckpointError> {
    made.checkpoints.verify("one", &manifest(topic), &Rules::default(), &HashKey::derive("key"))
}

#[test]
fn a_checkpoint_holds_its_own_instant_and_can_be_restored() {
    let mut made = made();
    assert_eq!(made.checkpoint.applied["0"], 7);
    assert_eq!(verify(&made, "here").unwrap(), made.checkpoint);
    assert_eq!(made.checkpoints.restore(&made.checkpoint, &mut made.directories, 5).unwrap(), 2);
    let live = crate::live_dir(made.dir.path()).unwrap();
    assert_eq!(live, made.directories.dir_of(2));
    let restored = Store::open(&settings(&live), &manifest("here")).unwrap();
    assert_eq!(applied(&restored).unwrap()["0"], 7);
    apply(&restored, 8);
    drop(restored);
    // Neither the checkpoint nor the state before felt it.
    assert_eq!(verify(&made, "here").unwrap(), made.checkpoint);
    assert_eq!(applied(&made.store).unwrap()["0"], 9);
}

#[test]
fn what_a_broken_off_restore_left_is_in_nobodys_way() {
    let mut made = made();
    let left = made.directories.dir_of(2);
    fs::create_dir(&left).unwrap();
    fs::write(left.join("CURRENT"), "half").unwrap();
    assert_eq!(crate::live_dir(made.dir.path()).unwrap(), made.directories.dir_of(1));
    made.checkpoints.restore(&made.checkpoint, &mut made.directories, 5).unwrap();
    let restored = Store::open(&settings(&left), &manifest("here")).unwrap();
    assert_eq!(applied(&restored).unwrap()["0"], 7);
}

#[test]
fn foreign_ones_are_refused() {
    let made = made();
    let said = verify(&made, "elsewhere").unwrap_err().to_string();
    assert!(said.contains("journal topic") && said.contains("elsewhere"), "{said}");
    let mut others = Rules::default();
    others.identifiers_max += 1;
    let wanted = Manifest { rules: crate::rules::to_text(&others), ..manifest("here") };
    let refused = made.checkpoints.verify("one", &wanted, &others, &HashKey::derive("key"));
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("identifiers_max"), "{said}");
}

#[test]
fn each_file_is_missed_and_each_change_of_one_is_seen() {
    let made = made();
    let state = made.checkpoints.dir.join("one").join(STATE);
    for file in made.checkpoint.files.keys() {
        let path = state.join(file);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let said = verify(&made, "here").unwrap_err().to_string();
        assert!(said.contains(file) && said.contains("journal"), "{said}");
        if let Some(at) = bytes.len().checked_sub(1) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            let said = verify(&made, "here").unwrap_err().to_string();
            assert!(said.contains(file) && said.contains("changed"), "{said}");
        }
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(verify(&made, "here").unwrap(), made.checkpoint);
}

#[test]
fn a_description_that_is_not_true_is_refused() {
    let made = made();
    let place = made.checkpoints.dir.join("one");
    let mut lying = made.checkpoint.clone();
    lying.applied.insert("0".to_owned(), 8);
    lying.write(&place).unwrap();
    assert!(verify(&made, "here").unwrap_err().to_string().contains("offsets"));
    Checkpoint { digest: "00".to_owned(), ..made.checkpoint.clone() }.write(&place).unwrap();
    assert!(verify(&made, "here").unwrap_err().to_string().contains("digest"));
    fs::rename(&place, made.checkpoints.dir.join("two")).unwrap();
    assert!(made.checkpoints.read("two").unwrap_err().to_string().contains("that of `one`"));
}

#[test]
fn what_was_broken_off_is_not_listed_and_goes() {
    let made = made();
    let left = made.checkpoints.dir.join(format!("{PARTIAL}two"));
    fs::create_dir(&left).unwrap();
    let listed: Vec<_> = made.checkpoints.list().unwrap().into_iter().map(|(_, read)| read.unwrap()).collect();
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
