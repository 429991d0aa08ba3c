//! What a reader may rely on, whichever way a write and its reading overlap.

use std::sync::atomic::AtomicBool;

use types::OrderKey;

use super::*;

const ONE: Subject = [1; 16];
const OTHER: Subject = [2; 16];

#[test]
fn a_write_shows_before_it_is_made_and_until_it_is_read_again() {
    let changes = Changes::default();
    let before = changes.stamp();
    changes.write(&[ONE], [], || {
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
    changes.write(&[ONE], [], || assert_eq!(follower.changed(changes.stamp()), Some(vec![ONE])));
    assert_eq!(follower.changed(changes.stamp()), Some(vec![ONE]), "the snapshot before may have lacked it");
    assert_eq!(follower.changed(changes.stamp()), Some(vec![]));
    changes.write(&[OTHER], [], || ());
    assert_eq!(follower.changed(changes.stamp()), Some(vec![OTHER]));
}

#[test]
fn a_follower_of_too_much_begins_anew() {
    let changes = Changes::default();
    let follower = changes.follow();
    let many: Vec<Subject> = (0..=KEPT_MAX as u128).map(u128::to_be_bytes).collect();
    changes.write(&many, [], || ());
    changes.write(&[ONE], [], || ());
    assert_eq!(follower.changed(changes.stamp()), None);
    assert_eq!(follower.changed(changes.stamp()), Some(vec![]));
    changes.write(&[ONE], [], || ());
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
    changes.write(&[ONE], [], || ());
    assert!(held(&changes.followers).is_empty());
}

#[test]
fn a_follower_begins_between_two_writes() {
    let (changes, written) = (Changes::default(), AtomicBool::new(false));
    let saw_it_whole = std::thread::scope(|scope| {
        let follower = changes.write(&[[1; 16]], [], || {
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
    changes.write(&[[1; 16]], [], || assert!(!follower.is_quiet(), "before it shows"));
    assert!(follower.changed(before).is_some() && !follower.is_quiet(), "the stamp is older");
    assert!(follower.changed(changes.stamp()).is_some() && follower.is_quiet());
}

const ANN: FragmentId = FragmentId(ONE);
const ORDER: Row = Row::Order(OrderKey([7; 16]));

#[test]
fn rows_are_told_from_before_they_show_until_a_stamp_covers_them() {
    let changes = Changes::default();
    let trails = changes.trails(1 << 20);
    let before = changes.stamp();
    assert_eq!(trails.since(ANN, before), Some(vec![]), "nothing was under way");
    changes.write(&[ONE], [(ANN, ORDER)], || {
        assert_eq!(trails.since(ANN, before), Some(vec![ORDER]), "a snapshot may show it from now on");
        assert_eq!(trails.since(ANN, changes.stamp()), Some(vec![ORDER]), "what is read meanwhile may lack it");
    });
    assert_eq!(trails.since(ANN, changes.stamp()), Some(vec![]));
    changes.write(&[OTHER], [(FragmentId(OTHER), ORDER)], || ());
    assert_eq!(trails.since(ANN, before), Some(vec![ORDER]), "that was somebody else's");
    let alone = changes.stamp();
    changes.write(&[], [(ANN, ORDER)], || ());
    assert_eq!(trails.since(ANN, alone), Some(vec![ORDER]), "though nothing else was written");
}

#[test]
fn nothing_is_known_of_writes_from_before_somebody_asked() {
    let changes = Changes::default();
    let trails = changes.trails(1 << 20);
    let before = changes.stamp();
    changes.write(&[ONE], [(ANN, ORDER)], || {
        assert_eq!(trails.since(ANN, changes.stamp()), None, "the write under way has told its rows already");
    });
    assert_eq!(trails.since(ANN, before), None);
    assert_eq!(trails.since(ANN, changes.stamp()), Some(vec![]));
}

#[test]
fn of_many_rows_those_written_last_are_known() {
    let changes = Changes::default();
    let trails = changes.trails(1 << 20);
    let order = |number: usize| Row::Order(OrderKey([u8::try_from(number).unwrap(); 16]));
    let stamps: Vec<Stamp> = (0..=trails::ROWS_MAX)
        .map(|number| {
            let stamp = changes.stamp();
            trails.since(ANN, stamp);
            changes.write(&[ONE], [(ANN, order(number))], || ());
            stamp
        })
        .collect();
    assert_eq!(trails.since(ANN, stamps[0]), None);
    let half = trails::ROWS_MAX / 2;
    assert_eq!(trails.since(ANN, stamps[half - 1]), None);
    assert_eq!(trails.since(ANN, stamps[half]), Some((half..=trails::ROWS_MAX).map(order).collect()));
}

#[test]
fn a_write_of_files_may_be_about_any_row() {
    let changes = Changes::default();
    let trails = changes.trails(1 << 20);
    let before = changes.stamp();
    trails.since(ANN, before);
    changes.write_of_all(|| assert_eq!(trails.since(ANN, changes.stamp()), None, "a snapshot may show it from now on"));
    assert_eq!(trails.since(ANN, before), None);
    assert_eq!(trails.since(ANN, changes.stamp()), Some(vec![]));
}

/// Threads ask about the same fragments at once, which come and go among those that are followed.
#[test]
fn no_row_is_missed_whoever_asks_meanwhile() {
    let known: u64 = (0..4_000).map(|_| asked_while_others_write()).sum();
    assert!(known > 100, "it was known again and again what was written meanwhile");
}

/// How often rows were told that were written meanwhile.
fn asked_while_others_write() -> u64 {
    const WRITES: u64 = 40;
    let changes = Changes::default();
    // For so few that questions send each other's away.
    let trails = changes.trails(2 * trails::TRAIL_BYTES);
    let (known, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let row = |number: u64| Row::Order(OrderKey(u128::from(number).to_be_bytes()));
    let fragment = |number: u8| FragmentId([number; 16]);
    let ask = || {
        for asked in (0..=u8::MAX).cycle().take_while(|_| !done.load(Ordering::SeqCst)) {
            let (stamp, of) = (changes.stamp(), fragment(asked % 3 + 1));
            trails.since(of, stamp);
            (0..asked % 4).for_each(|_| std::thread::yield_now());
            let complete = changes.stamp();
            if let Some(rows) = trails.since(of, stamp) {
                known.fetch_add(u64::from(complete > stamp), Ordering::SeqCst);
                let missing = (stamp.0 + 1..=complete.0).find(|number| !rows.contains(&row(*number)));
                assert_eq!(missing, None, "since {stamp:?} at {complete:?}");
            }
        }
    };
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..3).map(|_| scope.spawn(ask)).collect();
        for number in 1..=WRITES {
            changes.write(&[ONE], [1, 2, 3].map(|of| (fragment(of), row(number))), std::thread::yield_now);
            if asking.iter().any(|one| one.is_finished()) {
                break;
            }
        }
        done.store(true, Ordering::SeqCst);
    });
    known.into_inner()
}
