//! The same touchpoints and decisions over either journal, with any number of partitions, in order, shuffled or copied, with
//! SIGKILLs on the way: one digest, part by part.
//!
//! Each two of (journal, partitions, order) meet; `PATRON_MATRIX_FULL=1` runs all three against each other,
//! `PATRON_MATRIX_TOUCHPOINTS` and `PATRON_MATRIX_RETAIL_ROWS` say how much is fed.
#![cfg(test)]

use std::{
    path::Path,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use proto::ingest::DecideIdentityRequest;
use tests::{
    client::connect,
    feeding::assert_same,
    process::{Server, command, wait_a_little},
};
use types::record::{Identifier, IdentityAction, Touchpoint};

#[path = "matrix/data.rs"]
mod data;
#[path = "matrix/running.rs"]
mod running;

use data::{Feed, Order};
use running::Running;

/// Which journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Journal {
    Embedded,
    Kafka,
}

/// One run.
#[derive(Clone, Copy, Debug)]
struct Case {
    journal: Journal,
    partitions: u32,
    order: Order,
}

const JOURNALS: [Journal; 2] = [Journal::Embedded, Journal::Kafka];
const PARTITIONS: [u32; 3] = [1, 4, 16];
const ORDERS: [Order; 3] = [Order::Straight, Order::Shuffled, Order::Copied];
/// Kills in all, spread over the runs.
const KILLS: usize = 10;

/// All runs: every number of partitions in every order, and either journal with each of both.
fn cases() -> Vec<Case> {
    let full = data::number("PATRON_MATRIX_FULL", 0) != 0;
    let mut cases = Vec::new();
    for (row, partitions) in PARTITIONS.into_iter().enumerate() {
        for (column, order) in ORDERS.into_iter().enumerate() {
            for (which, journal) in JOURNALS.into_iter().enumerate() {
                if full || which == (row + column) % JOURNALS.len() {
                    cases.push(Case { journal, partitions, order });
                }
            }
        }
    }
    cases
}

/// Decisions with all that they hold given, so that each run takes the same.
fn decisions(touchpoints: &[Touchpoint]) -> Vec<DecideIdentityRequest> {
    let pairs: Vec<&[Identifier]> = touchpoints.iter().filter_map(|one| one.identifiers.get(..2)).collect();
    let chosen = pairs.iter().step_by((pairs.len() / 6).max(1)).enumerate();
    let mut requests = Vec::new();
    for (number, pair) in chosen {
        let action = [IdentityAction::Unlink, IdentityAction::Separate, IdentityAction::Link][number % 3];
        requests.push(DecideIdentityRequest {
            decision_id: format!("d{number}"),
            action: action.into(),
            left: pair.first().cloned(),
            right: pair.last().cloned(),
            reason: "they said so".into(),
            operator: "desk".into(),
            decided_at: Some(prost_types::Timestamp { seconds: 1_773_500_000 + number as i64, nanos: 0 }),
        });
    }
    requests
}

fn decide(server: &Server, decisions: &[DecideIdentityRequest]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = connect(server).await;
        for request in decisions {
            connection.identity().decide_identity(request.clone()).await.expect("a decision is taken");
        }
    });
}

fn import(server: &Server, feed: &Feed) -> Child {
    let mut import = command(&["import", feed.path.to_str().unwrap()]);
    import.env("PATRON_SERVER", &server.grpc).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap()
}

/// Waits until so many records lie in the journal.
fn until_accepted(server: &Server, records: u64) {
    let until = Instant::now() + Duration::from_secs(600);
    while server.sum("endOffset") < records {
        assert!(Instant::now() < until, "{records} records are not accepted: {:?}", server.shards());
        wait_a_little();
    }
}

/// Feeds one case and kills on the way; its digest, and how many kills met work under way.
fn run(
    case: Case,
    number: usize,
    kills: usize,
    feed: &Feed,
    decisions: &[DecideIdentityRequest],
    dir: &Path,
) -> (serde_json::Value, usize) {
    let dir = dir.join(number.to_string());
    let mut running = match case.journal {
        Journal::Embedded => Running::embedded(dir.clone(), case.partitions),
        Journal::Kafka => Running::on_kafka(dir.clone(), case.partitions),
    };
    if number.is_multiple_of(2) {
        decide(running.doors(), decisions);
    }
    let mut importing = import(running.doors(), feed);
    let mut met = 0;
    for kill in 0..kills {
        // Between a tenth and eight tenths of the way, each case at another place.
        let tenths = 1 + (3 * number + 4 * kill) as u64 % 8;
        until_accepted(running.shards(), feed.lines * tenths / 10);
        met += usize::from(importing.try_wait().unwrap().is_none() || running.shards().sum("lag") > 0);
        running = running.kill((number + kill).is_multiple_of(2));
    }
    assert!(importing.wait().unwrap().success(), "{case:?}: the import failed");
    if !number.is_multiple_of(2) {
        decide(running.doors(), decisions);
    }
    let digest = running.digest();
    drop(running);
    std::fs::remove_dir_all(dir).unwrap();
    (digest, met)
}

#[test]
fn every_journal_partitioning_and_order_gives_one_digest_whatever_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let touchpoints = data::touchpoints();
    let decisions = decisions(&touchpoints);
    let lines: Vec<String> = touchpoints.iter().map(|one| proto::json::to_line(one) + "\n").collect();
    drop(touchpoints);
    let feeds = ORDERS.map(|order| (order, data::write(&lines, order, dir.path())));
    let cases = cases();
    let (mut expected, mut met) = (None, 0);
    for (number, case) in cases.iter().enumerate() {
        let (_, feed) = feeds.iter().find(|(order, _)| *order == case.order).unwrap();
        let kills = KILLS / cases.len() + usize::from(number < KILLS % cases.len());
        let (digest, under_way) = run(*case, number, kills, feed, &decisions, dir.path());
        met += under_way;
        let expected = expected.get_or_insert_with(|| digest.clone());
        assert_same(&digest, expected);
        assert_eq!(digest["counts"], expected["counts"], "{case:?}");
    }
    assert!(expected.unwrap()["parts"]["decisions"].is_string(), "decisions are part of it");
    assert!(met * 2 > KILLS, "only {met} of {KILLS} kills met work under way");
}
