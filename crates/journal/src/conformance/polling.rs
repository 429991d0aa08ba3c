//! Checks of polling: limits, fairness, waiting and waking.

use super::*;

pub(super) async fn limits_are_kept(journal: Arc<dyn Journal>) {
    for partition in 0..PARTITIONS {
        let records = (0..40).map(|_| record(partition, "key", vec![7; 97])).collect();
        journal.append(records).await.expect("accepted");
    }
    for limits in [
        PollLimits { records_max: 1, bytes_max: 8 << 20 },
        PollLimits { records_max: 7, bytes_max: 8 << 20 },
        PollLimits { records_max: 1000, bytes_max: 1 },
        PollLimits { records_max: 1000, bytes_max: 1050 },
        PollLimits { records_max: 0, bytes_max: 0 },
    ] {
        let mut reader = journal.reader(beginning()).expect("a reader");
        let mut count = 0;
        while count < 40 * PARTITIONS as usize {
            let (again, records) = poll(reader, limits, PATIENCE).await;
            let bytes: usize = records.iter().map(Record::bytes).sum();
            assert!(!records.is_empty(), "{limits:?}: at least one record comes if there is any");
            assert!(records.len() <= limits.records_max.max(1), "{limits:?}: {} records", records.len());
            assert!(records.len() == 1 || bytes <= limits.bytes_max, "{limits:?}: {bytes} bytes");
            count += records.len();
            reader = again;
        }
        assert_eq!(count, 40 * PARTITIONS as usize, "{limits:?}: nothing comes twice");
    }
}

pub(super) async fn a_record_beyond_the_limit_is_returned_alone(journal: Arc<dyn Journal>) {
    let sizes = [10, 5000, 10, 10, 9000, 10];
    journal.append(sizes.map(|size| record(0, "", vec![1; size])).to_vec()).await.expect("accepted");
    let limits = PollLimits { records_max: 10, bytes_max: 100 };
    let mut reader = journal.reader(beginning()).expect("a reader");
    let mut seen = Vec::new();
    while seen.len() < sizes.len() {
        let (again, records) = poll(reader, limits, PATIENCE).await;
        assert!(records.len() == 1 || records.iter().all(|record| record.bytes() == 10));
        seen.extend(records.iter().map(Record::bytes));
        reader = again;
    }
    assert_eq!(seen, sizes);
}

pub(super) async fn no_partition_starves(journal: Arc<dyn Journal>) {
    fill(&journal, 0, 2000).await;
    fill(&journal, 3, 5).await;
    let reader = journal.reader(beginning()).expect("a reader");
    // A journal that fetches ahead gets the time to have some of each: what is not there yet cannot come in turn.
    let (mut reader, first) = poll(reader, PollLimits { records_max: 1, ..PLENTY }, PATIENCE).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut small = of(&first, 3).len();
    for _ in 0..20 {
        let (again, records) = poll(reader, PollLimits { records_max: 50, ..PLENTY }, PATIENCE).await;
        small += of(&records, 3).len();
        reader = again;
    }
    assert_eq!(small, 5, "the small partition waited behind 1,000 records of the large one");
}

pub(super) async fn a_poll_waits_its_time_and_returns_nothing(journal: Arc<dyn Journal>) {
    let reader = journal.reader(beginning()).expect("a reader");
    let began = Instant::now();
    let (reader, none) = poll(reader, PLENTY, Duration::from_millis(200)).await;
    assert!(none.is_empty());
    assert!(began.elapsed() >= Duration::from_millis(190), "it came back early: {:?}", began.elapsed());
    let began = Instant::now();
    let (_, none) = poll(reader, PLENTY, Duration::ZERO).await;
    assert!(none.is_empty() && began.elapsed() < Duration::from_secs(5), "no wait means no wait");
}

pub(super) async fn a_waiting_poll_wakes_when_a_record_comes(journal: Arc<dyn Journal>) {
    for partition in 0..PARTITIONS {
        let from = vec![Position { partition, offset: 0 }];
        let reader = journal.reader(from).expect("a reader");
        let waiting = tokio::spawn(poll(reader, PLENTY, PATIENCE));
        tokio::time::sleep(Duration::from_millis(50)).await;
        fill(&journal, (partition + 1) % PARTITIONS, 1).await;
        let began = Instant::now();
        fill(&journal, partition, 1).await;
        let (_, records) = waiting.await.expect("polling does not panic");
        assert!(!records.is_empty(), "the record came");
        assert!(began.elapsed() < PATIENCE / 2, "it woke late: {:?}", began.elapsed());
        assert!(records.iter().all(|record| record.position.partition == partition));
    }
}
