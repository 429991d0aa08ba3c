//! What a reader may rely on, whichever way a write and its reading overlap.

use std::sync::atomic::AtomicBool;

use super::*;

const ONE: Subject = [1; 16];
const OTHER: Subject = [2; 16];

#[test]
fn a_write_shows_before_it_is_made_and_until_it_is_read_again() {
    let changes = Changes::default();
    let before = changes.stamp();
    changes.write(&[ONE], || {
        assert!(!changes.unchanged(before, &[ONE]), "a snapshot may show it from now on");
        assert!(!changes.unchanged(changes.stamp(), &[ONE]), "what is read meanwhile may lack it");
    });
    assert!(!changes.unchanged(before, &[OTHER, ONE]));
    assert!(changes.unchanged(before, &[OTHER]));
    assert!(changes.unchanged(changes.stamp(), &[ONE]));
}

#[test]
fn a_follower_hears_of_a_write_until_a_snapshot_surely_shows_it() {
    let changes = Changes::default();
    let follower = changes.follow();
    changes.write(&[ONE], || assert_eq!(follower.changed(changes.stamp()), Some(vec![ONE])));
    assert_eq!(follower.changed(changes.stamp()), Some(vec![ONE]), "the snapshot before may have lacked it");
    assert_eq!(follower.changed(changes.stamp()), Some(vec![]));
    changes.write(&[OTHER], || ());
    assert_eq!(follower.changed(changes.stamp()), Some(vec![OTHER]));
}

#[test]
fn a_follower_of_too_much_begins_anew() {
    let changes = Changes::default();
    let follower = changes.follow();
    let many: Vec<Subject> = (0..=KEPT_MAX as u128).map(u128::to_be_bytes).collect();
    changes.write(&many, || ());
    changes.write(&[ONE], || ());
    assert_eq!(follower.changed(changes.stamp()), None);
    assert_eq!(follower.changed(changes.stamp()), Some(vec![]));
    changes.write(&[ONE], || ());
    assert_eq!(follower.changed(changes.stamp()), Some(vec![ONE]));
}

#[test]
fn a_write_of_files_is_about_everybody() {
    let changes = Changes::default();
    let follower = changes.follow();
    let before = changes.stamp();
    changes.write_of_all(|| assert!(!changes.unchanged(changes.stamp(), &[ONE]), "a snapshot may show it from now on"));
    assert!(!changes.unchanged(before, &[ONE]) && !changes.unchanged(before, &[]));
    assert!(changes.unchanged(changes.stamp(), &[ONE]));
    assert_eq!(follower.changed(changes.stamp()), None);
}

#[test]
fn one_who_is_gone_is_told_nothing() {
    let changes = Changes::default();
    drop(changes.follow());
    changes.write(&[ONE], || ());
    assert!(held(&changes.followers).is_empty());
}

#[test]
fn a_follower_begins_between_two_writes() {
    let (changes, written) = (Changes::default(), AtomicBool::new(false));
    let saw_it_whole = std::thread::scope(|scope| {
        let follower = changes.write(&[[1; 16]], || {
            let follower = scope.spawn(|| {
                drop(changes.follow());
                written.load(Ordering::SeqCst)
            });
            (0..10_000).take_while(|_| !follower.is_finished()).for_each(|_| std::thread::yield_now());
            written.store(true, Ordering::SeqCst);
            follower
        });
        follower.join().unwrap()
    });
    assert!(saw_it_whole, "a write that was told before may show after, and would be missed");
}

#[test]
fn a_follower_is_quiet_once_it_has_told_what_a_stamp_covers() {
    let changes = Changes::default();
    let follower = changes.follow();
    assert!(follower.is_quiet());
    let before = changes.stamp();
    changes.write(&[[1; 16]], || assert!(!follower.is_quiet(), "before it shows"));
    assert!(follower.changed(before).is_some() && !follower.is_quiet(), "the stamp is older");
    assert!(follower.changed(changes.stamp()).is_some() && follower.is_quiet());
}
