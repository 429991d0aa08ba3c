//! Checks of appending: positions, durability for readers, refusals.

use super::*;
use crate::AppendError;

pub(super) async fn a_new_journal_is_empty(journal: Arc<dyn Journal>) {
    let nothing = vec![0; PARTITIONS as usize];
    assert_eq!(journal.ends().expect("ends are known"), nothing);
    assert_eq!(journal.starts().expect("starts are known"), nothing);
    let topology = journal.topology();
    assert_eq!(topology.partitions, PARTITIONS);
    assert!(!topology.cluster_id.is_empty() && !topology.topic_id.is_empty());
    assert_eq!(topology, journal.topology(), "the identity does not change");
}

pub(super) async fn positions_are_dense_and_in_the_order_of_the_call(journal: Arc<dyn Journal>) {
    for round in 0..3 {
        let order = [2, 0, 2, 2, 1, 0];
        let positions = journal.append(order.map(|p| record(p, "k", "v")).to_vec()).await.expect("accepted");
        let expected =
            [(2, 3 * round), (0, 2 * round), (2, 3 * round + 1), (2, 3 * round + 2), (1, round), (0, 2 * round + 1)];
        assert_eq!(positions, expected.map(|(partition, offset)| Position { partition, offset }));
    }
    assert_eq!(journal.ends().expect("ends are known"), [6, 3, 9, 0]);
    assert_eq!(journal.starts().expect("starts are known"), [0; PARTITIONS as usize]);
}

pub(super) async fn an_empty_append_changes_nothing(journal: Arc<dyn Journal>) {
    assert_eq!(journal.append(Vec::new()).await, Ok(Vec::new()));
    assert_eq!(journal.ends().expect("ends are known"), [0; PARTITIONS as usize]);
}

pub(super) async fn concurrent_appends_get_their_own_positions_and_nothing_is_lost(journal: Arc<dyn Journal>) {
    const TASKS: u32 = 32;
    const CALLS: u32 = 20;
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(append_calls(journal.clone(), task, CALLS))).collect();
    let mut told = Vec::new();
    for task in tasks {
        told.extend(task.await.expect("appending does not panic"));
    }
    told.sort();
    let read = read(&journal, beginning(), told.len()).await;
    let mut found: Vec<_> = read.into_iter().map(|record| (record.position, record.value)).collect();
    found.sort();
    assert_eq!(found, told, "each position holds what its appender put there");
    assert!(told.windows(2).all(|pair| pair[0].0 != pair[1].0), "a position was given twice");
    let total: u64 = journal.ends().expect("ends are known").iter().sum();
    assert_eq!(total, told.len() as u64, "offsets have no gaps");
}

/// One task's appends, one after the other, and where each value lies.
async fn append_calls(journal: Arc<dyn Journal>, task: u32, calls: u32) -> Vec<(Position, Vec<u8>)> {
    let mut told = Vec::new();
    for call in 0..calls {
        let values: Vec<_> = (0..1 + call % 4).map(|n| format!("{task}/{call}/{n}").into_bytes()).collect();
        let partition = |value: &[u8]| crate::partition_of(value, PARTITIONS);
        let records = values.iter().map(|value| record(partition(value), "key", value.clone())).collect();
        let positions = journal.append(records).await.expect("accepted");
        let ends = journal.ends().expect("ends are known");
        assert!(positions.iter().all(|at| at.offset < ends[at.partition as usize]), "accepted records are readable");
        told.extend(positions.into_iter().zip(values));
    }
    told
}

pub(super) async fn a_partition_that_does_not_exist_is_refused_whole(journal: Arc<dyn Journal>) {
    let refused = journal.append(vec![record(0, "k", "v"), record(PARTITIONS, "k", "v")]).await;
    assert_eq!(refused, Err(AppendError::NoSuchPartition { partition: PARTITIONS, partitions: PARTITIONS }));
    assert_eq!(journal.ends().expect("ends are known"), [0; PARTITIONS as usize]);
    fill(&journal, 0, 1).await;
    assert_eq!(journal.ends().expect("ends are known")[0], 1, "the journal goes on after a refusal");
}
