//! Torn tails are cut off; anything that may have been acknowledged is missed loudly.

use super::header::HEADER_BYTES;
use super::*;
use crate::Corruption;

/// A journal of one partition with these values, each its own commit; its segment files.
async fn journal_of(config: &EmbeddedConfig, values: &[&str]) -> Vec<PathBuf> {
    append_each(&EmbeddedJournal::open(config.clone()).unwrap(), 0, values).await;
    segment_files(config, 0)
}

/// How many bytes of the file the record takes.
fn frame_bytes(value: &str) -> usize {
    frame::HEAD_BYTES + "key".len() + value.len()
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_at_every_byte_and_no_earlier_record_is_lost() {
    let (_dir, config) = folder(1);
    let file = &journal_of(&config, &["first", "second", "third, the last one"]).await[0];
    let whole = fs::read(file).unwrap();
    let last = whole.len() - frame_bytes("third, the last one");
    for cut in last..whole.len() {
        fs::write(file, &whole[..cut]).unwrap();
        let journal = EmbeddedJournal::open(config.clone()).unwrap();
        assert_eq!(journal.ends().unwrap(), [2], "cut at {cut}");
        assert_eq!(fs::metadata(file).unwrap().len(), last as u64);
        append_each(&journal, 0, &["again"]).await;
        assert_eq!(values(&journal, 0), ["first", "second", "again"]);
    }
}

#[tokio::test]
async fn a_call_cut_off_between_its_records_keeps_the_whole_ones() {
    let (_dir, config) = folder(1);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    journal.append((0..10).map(|n| record(0, n.to_string())).collect()).await.unwrap();
    drop(journal);
    let file = &segment_files(&config, 0)[0];
    let whole = fs::read(file).unwrap();
    for cut in (HEADER_BYTES..=whole.len()).rev() {
        fs::write(file, &whole[..cut]).unwrap();
        let kept = (cut - HEADER_BYTES) / frame_bytes("0");
        let journal = EmbeddedJournal::open(config.clone()).unwrap();
        assert_eq!(values(&journal, 0), (0..kept).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn zeros_and_rubbish_at_the_end_are_cut_off() {
    let (_dir, config) = folder(1);
    let file = &journal_of(&config, &["first", "second"]).await[0];
    let whole = fs::read(file).unwrap();
    let rubbish: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for tail in [vec![0; 10_000], vec![0xff; 33], rubbish] {
        fs::write(file, [whole.as_slice(), &tail].concat()).unwrap();
        assert_eq!(values(&EmbeddedJournal::open(config.clone()).unwrap(), 0), ["first", "second"]);
        assert_eq!(fs::read(file).unwrap(), whole);
    }
}

#[tokio::test]
async fn a_flipped_bit_before_the_last_record_is_refused_and_nothing_is_changed() {
    let (_dir, config) = folder(1);
    let file = &journal_of(&config, &["first", "second", "third"]).await[0];
    let whole = fs::read(file).unwrap();
    for byte in HEADER_BYTES..whole.len() - frame_bytes("third") {
        flip(file, byte);
        let damaged = fs::read(file).unwrap();
        let OpenError::Corrupt(corruption) = refused(&config, file) else { unreachable!("byte {byte}") };
        let second = HEADER_BYTES + frame_bytes("first");
        let (expected_byte, offset) = if byte < second { (HEADER_BYTES, 0) } else { (second, 1) };
        assert_eq!((corruption.byte, corruption.expected_offset), (expected_byte as u64, offset), "byte {byte}");
        assert_eq!(fs::read(file).unwrap(), damaged);
        flip(file, byte);
    }
    assert_eq!(values(&EmbeddedJournal::open(config).unwrap(), 0).len(), 3);
}

#[tokio::test]
async fn a_flipped_bit_inside_the_last_commit_is_refused_too() {
    let (_dir, config) = folder(1);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    journal.append((0..10).map(|n| record(0, format!("{n:0>200}"))).collect()).await.unwrap();
    drop(journal);
    let file = &segment_files(&config, 0)[0];
    for byte in [HEADER_BYTES, 300, 512, 1000, 1024, 2000] {
        flip(file, byte);
        assert!(matches!(refused(&config, file), OpenError::Corrupt(_)), "byte {byte}");
        flip(file, byte);
    }
}

#[tokio::test]
async fn a_damaged_header_is_refused() {
    let (_dir, config) = folder(1);
    let file = &journal_of(&config, &["first"]).await[0];
    let whole = fs::read(file).unwrap();
    for byte in (0..60).filter(|byte| !(8..12).contains(byte)) {
        flip(file, byte);
        assert!(matches!(refused(&config, file), OpenError::Corrupt(_)), "byte {byte}");
        fs::write(file, &whole).unwrap();
    }
    fs::write(file, &whole[..30]).unwrap();
    assert!(matches!(refused(&config, file), OpenError::Corrupt(_)));
}

#[tokio::test]
async fn a_commit_that_the_disk_wrote_out_of_order_is_cut_off() {
    let (_dir, config) = folder(1);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    append_each(&journal, 0, &["before"]).await;
    journal.append((0..40).map(|n| record(0, format!("{n:0>500}"))).collect()).await.unwrap();
    drop(journal);
    let file = &segment_files(&config, 0)[0];
    let whole = fs::read(file).unwrap();
    let mut holed = whole.clone();
    holed[4096..8192].fill(0);
    fs::write(file, &holed).unwrap();
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    let kept = values(&journal, 0);
    assert!(kept.len() > 1 && kept.len() < 10, "{}", kept.len());
    drop(journal);

    // The same hole with a later commit behind it: it was acknowledged.
    fs::write(file, &whole).unwrap();
    append_each(&EmbeddedJournal::open(config.clone()).unwrap(), 0, &["after"]).await;
    let mut holed = fs::read(file).unwrap();
    holed[4096..8192].fill(0);
    fs::write(file, &holed).unwrap();
    assert!(matches!(refused(&config, file), OpenError::Corrupt(_)));
}

#[tokio::test]
async fn a_flipped_bit_in_an_earlier_segment_is_met_when_it_is_read() {
    let (_dir, config) = folder(2);
    let config = EmbeddedConfig { segment_bytes_max: 64, ..config };
    let file = &journal_of(&config, &["first", "second", "third"]).await[1];
    flip(file, HEADER_BYTES + frame::HEAD_BYTES + 4);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    let mut reader = journal.reader(vec![Position { partition: 0, offset: 0 }]).unwrap();
    assert_eq!(reader.poll(PLENTY, Duration::ZERO).unwrap().len(), 1);
    for _ in 0..2 {
        let error = reader.poll(PLENTY, Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
        let ReadError::Corrupt(Corruption { byte, expected_offset, .. }) = error else { unreachable!("{error}") };
        assert_eq!((byte, expected_offset), (HEADER_BYTES as u64, 1));
    }
}

#[tokio::test]
async fn lost_shortened_and_swapped_segments_are_refused() {
    let (_dir, config) = folder(1);
    let config = EmbeddedConfig { segment_bytes_max: 64, ..config };
    let files = journal_of(&config, &["first", "second", "third", "fourth"]).await;
    for file in &files[..3] {
        let whole = fs::read(file).unwrap();
        for changed in [&whole[..whole.len() - 1], &[whole.as_slice(), &[0]].concat()] {
            fs::write(file, changed).unwrap();
            assert!(matches!(refused(&config, file), OpenError::Corrupt(_)));
        }
        fs::write(file, &whole).unwrap();
    }
    let whole = fs::read(&files[1]).unwrap();
    fs::remove_file(&files[1]).unwrap();
    assert!(refused(&config, &files[1]).to_string().contains("missing"));
    fs::copy(&files[2], &files[1]).unwrap();
    assert!(matches!(refused(&config, &files[1]), OpenError::Corrupt(_)));
    fs::write(&files[1], whole).unwrap();
    assert_eq!(values(&EmbeddedJournal::open(config).unwrap(), 0).len(), 4);
}

#[tokio::test]
async fn a_lost_partition_is_refused() {
    let (_dir, config) = folder(2);
    journal_of(&config, &["first"]).await;
    fs::remove_dir_all(files::partition(&config.dir, 0)).unwrap();
    assert!(matches!(refused(&config, &files::partition(&config.dir, 0)), OpenError::Corrupt(_)));
}

#[tokio::test]
async fn what_was_cut_off_by_hand_is_missing_from_the_ends_and_what_was_removed_from_the_starts() {
    let (_dir, config) = folder(1);
    let config = EmbeddedConfig { segment_bytes_max: 64, ..config };
    let files = journal_of(&config, &["first", "second", "third", "fourth"]).await;
    fs::remove_file(&files[3]).unwrap();
    fs::write(&files[2], &fs::read(&files[2]).unwrap()[..HEADER_BYTES]).unwrap();
    fs::remove_file(&files[0]).unwrap();
    let journal = EmbeddedJournal::open(config).unwrap();
    assert_eq!((journal.starts().unwrap(), journal.ends().unwrap()), (vec![1], vec![2]));
    assert_eq!(values(&journal, 0), ["second"]);
    for offset in [0, 3] {
        let error = journal.reader(vec![Position { partition: 0, offset }]).err().unwrap();
        assert!(matches!(error, ReadError::OffsetOutOfRange { start: 1, end: 2, .. }), "{error}");
    }
}

/// A record's value may be anything, also a segment of some journal: it must not be taken for records of this one.
#[tokio::test]
async fn a_value_that_holds_a_segment_is_torn_like_any_other() {
    let (_other_dir, other) = folder(1);
    let segment = fs::read(&journal_of(&other, &["a", "b", "c", "d"]).await[0]).unwrap();
    let (_dir, config) = folder(1);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    append_each(&journal, 0, &["first"]).await;
    journal.append(vec![record(0, segment)]).await.unwrap();
    drop(journal);
    let file = &segment_files(&config, 0)[0];
    let whole = fs::read(file).unwrap();
    fs::write(file, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(values(&EmbeddedJournal::open(config).unwrap(), 0), ["first"]);
}

#[tokio::test]
async fn a_file_that_shrinks_under_a_reader_is_damage_not_the_end() {
    let (_dir, config) = folder(1);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    append_each(&journal, 0, &["first", "second"]).await;
    let file = &segment_files(&config, 0)[0];
    fs::write(file, &fs::read(file).unwrap()[..HEADER_BYTES + frame_bytes("first")]).unwrap();
    let mut reader = journal.reader(vec![Position { partition: 0, offset: 0 }]).unwrap();
    assert_eq!(reader.poll(PLENTY, Duration::ZERO).unwrap().len(), 1);
    assert!(matches!(reader.poll(PLENTY, Duration::ZERO), Err(ReadError::Corrupt(_))));
}
