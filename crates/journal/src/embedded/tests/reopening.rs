//! Opening, closing, opening again; folders that are no journal of ours.

use super::*;

#[tokio::test]
async fn reopening_keeps_records_positions_and_identity() {
    let (_dir, config) = folder(3);
    let config = EmbeddedConfig { segment_bytes_max: 200, ..config };
    let topology = EmbeddedJournal::open(config.clone()).unwrap().topology();
    let mut expected = Vec::new();
    for round in 0..10 {
        let journal = EmbeddedJournal::open(config.clone()).unwrap();
        assert_eq!(journal.topology(), topology);
        for n in 0..5 {
            let value = format!("{round}/{n}");
            let positions = journal.append(vec![record(1, value.clone())]).await.unwrap();
            assert_eq!(positions, [Position { partition: 1, offset: expected.len() as u64 }]);
            expected.push(value);
        }
        assert_eq!(values(&journal, 1), expected);
    }
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    assert_eq!(journal.ends().unwrap(), [0, 50, 0]);
    assert!(segment_files(&config, 1).len() > 5, "segments were rolled");
    assert_eq!(segment_files(&config, 0).len(), 1);
}

#[tokio::test]
async fn every_offset_is_found_in_every_segment() {
    let (_dir, config) = folder(1);
    let config = EmbeddedConfig { segment_bytes_max: 3 << 20, fsync: false, ..config };
    let large = "x".repeat(300_000);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    append_each(&journal, 0, &[large.as_str(); 50]).await;
    drop(journal);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    assert!(segment_files(&config, 0).len() >= 5);
    for offset in [49, 0, 7, 8, 9, 10, 31, 11, 48, 49] {
        let mut reader = journal.reader(vec![Position { partition: 0, offset }]).unwrap();
        let one = reader.poll(PollLimits { records_max: 1, ..PLENTY }, Duration::ZERO).unwrap();
        assert_eq!(one[0].position.offset, offset);
    }
}

#[tokio::test]
async fn a_second_open_is_refused_until_the_first_is_closed() {
    let (_dir, config) = folder(1);
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    assert!(matches!(refused(&config, &config.dir), OpenError::InUse { .. }));
    append_each(&journal, 0, &["a"]).await;
    journal.close();
    journal.close();
    let second = EmbeddedJournal::open(config.clone()).unwrap();
    assert!(matches!(journal.append(vec![record(0, "b")]).await, Err(AppendError::Closed { .. })));
    append_each(&second, 0, &["c"]).await;
    assert_eq!(values(&second, 0), ["a", "c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_the_appends_that_wait() {
    let (_dir, config) = folder(1);
    let journal = Arc::new(EmbeddedJournal::open(config.clone()).unwrap());
    let append = |n: u32| {
        let journal = journal.clone();
        tokio::spawn(async move { journal.append(vec![record(0, n.to_string())]).await })
    };
    let appends: Vec<_> = (0..200).map(append).collect();
    tokio::time::sleep(Duration::from_millis(2)).await;
    journal.close();
    let mut accepted = 0;
    for append in appends {
        match append.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(error) => assert!(matches!(error, AppendError::Closed { .. }), "{error}"),
        }
    }
    drop(journal);
    assert_eq!(EmbeddedJournal::open(config).unwrap().ends().unwrap(), [accepted]);
}

#[tokio::test]
async fn more_calls_than_may_wait_are_all_accepted() {
    let (_dir, config) = folder(1);
    let journal = Arc::new(EmbeddedJournal::open(EmbeddedConfig { fsync: false, ..config }).unwrap());
    let append = |n: usize| {
        let journal = journal.clone();
        tokio::spawn(async move { journal.append(vec![record(0, n.to_string())]).await })
    };
    let appends: Vec<_> = (0..2 * PENDING_CALLS_MAX + 1).map(append).collect();
    for append in appends {
        append.await.unwrap().unwrap();
    }
    assert_eq!(journal.ends().unwrap(), [2 * PENDING_CALLS_MAX as u64 + 1]);
}

#[test]
fn another_number_of_partitions_is_refused_with_the_remedy() {
    let (_dir, config) = folder(4);
    drop(EmbeddedJournal::open(config.clone()).unwrap());
    let error = refused(&EmbeddedConfig { partitions: 5, ..config.clone() }, &config.dir);
    assert!(matches!(error, OpenError::PartitionCount { kept: 4, asked: 5, .. }));
    assert!(error.to_string().contains("set the number of partitions to 4"), "{error}");
}

#[test]
fn newer_versions_are_refused() {
    let (_dir, config) = folder(1);
    drop(EmbeddedJournal::open(config.clone()).unwrap());
    let segment = &segment_files(&config, 0)[0];
    let good = fs::read(segment).unwrap();
    let mut newer = good.clone();
    newer[8] = 2;
    fs::write(segment, newer).unwrap();
    assert!(matches!(refused(&config, segment), OpenError::NewerFormat { found: 2, known: 1, .. }));
    fs::write(segment, good).unwrap();

    let manifest = files::manifest(&config.dir);
    fs::write(&manifest, "format = 7\nsomething_new = true\n").unwrap();
    let error = refused(&config, &manifest);
    assert!(matches!(error, OpenError::NewerFormat { found: 7, known: 1, .. }));
    assert!(error.to_string().contains("version 7") && error.to_string().contains("upgrade"), "{error}");
}

#[tokio::test]
async fn a_damaged_or_lost_manifest_is_refused() {
    let (_dir, config) = folder(1);
    append_each(&EmbeddedJournal::open(config.clone()).unwrap(), 0, &["a"]).await;
    let manifest = files::manifest(&config.dir);
    let good = fs::read_to_string(&manifest).unwrap();
    for bad in ["", "format = 1\n", "no toml", &format!("{good}surprise = 1\n")] {
        fs::write(&manifest, bad).unwrap();
        assert!(matches!(refused(&config, &manifest), OpenError::Manifest { .. }));
    }
    fs::remove_file(&manifest).unwrap();
    assert!(matches!(refused(&config, &manifest), OpenError::Manifest { .. }));
    fs::write(&manifest, good).unwrap();
    assert_eq!(values(&EmbeddedJournal::open(config).unwrap(), 0), ["a"]);
}

#[tokio::test]
async fn an_interrupted_creation_is_begun_anew() {
    let (_dir, config) = folder(2);
    drop(EmbeddedJournal::open(config.clone()).unwrap());
    fs::remove_file(files::manifest(&config.dir)).unwrap();
    fs::remove_dir_all(files::partition(&config.dir, 1)).unwrap();
    let unfinished = files::partition(&config.dir, 0).join("00000000000000000000.tmp");
    fs::write(&unfinished, "half").unwrap();
    let journal = EmbeddedJournal::open(config.clone()).unwrap();
    append_each(&journal, 1, &["a"]).await;
    assert_eq!(values(&journal, 1), ["a"]);
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn records_beyond_the_limit_are_refused_whole() {
    let (_dir, config) = folder(1);
    let journal = EmbeddedJournal::open(EmbeddedConfig { record_bytes_max: 10, ..config }).unwrap();
    let call = vec![record(0, "1234567"), record(0, "12345678")];
    assert_eq!(journal.append(call).await, Err(AppendError::TooLarge { limit: 10 }));
    assert_eq!(journal.ends().unwrap(), [0]);
    append_each(&journal, 0, &["1234567"]).await;
}

#[test]
fn settings_out_of_range_are_refused() {
    let (_dir, config) = folder(1);
    for bad in [
        EmbeddedConfig { partitions: 0, ..config.clone() },
        EmbeddedConfig { partitions: PARTITIONS_MAX + 1, ..config.clone() },
        EmbeddedConfig { record_bytes_max: RECORD_BYTES_LIMIT + 1, ..config.clone() },
        EmbeddedConfig { pending_bytes_max: 0, ..config.clone() },
        EmbeddedConfig { segment_bytes_max: 0, ..config.clone() },
    ] {
        assert!(matches!(EmbeddedJournal::open(bad), Err(OpenError::Setting { .. })));
    }
    assert!(!config.dir.exists());
}
