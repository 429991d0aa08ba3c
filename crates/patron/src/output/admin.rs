//! Status and digest as tables.

use proto::admin::{GetDigestResponse, GetStatusResponse, ShardStatus};

use super::{
    table::{right, section, table},
    value,
};

/// The server, and one line a shard.
pub fn status(answer: &GetStatusResponse) -> String {
    let GetStatusResponse { version, cluster_id, topic_id, fold_version, shards, started_at } = answer;
    let head = format!(
        "Patron {version}, started {}\nCluster {cluster_id}, topic {topic_id}, fold {fold_version}\n",
        value::time(started_at.as_ref())
    );
    let mut rows = table(&[
        "shard",
        "applied",
        "end",
        "lag",
        "touchpoints",
        "copies",
        "conflicts",
        "fragments",
        "newest",
        "state",
    ]);
    for shard in shards {
        rows.add_row(shard_row(shard));
    }
    right(&mut rows, &[0, 1, 2, 3, 4, 5, 6, 7]);
    head + &section("Shards", &rows) + &skipped(shards)
}

/// The digest of everything, and of each part.
pub fn digest(answer: &GetDigestResponse) -> String {
    let mut rows = table(&["part", "records", "digest"]);
    for (name, digest) in &answer.parts {
        let count = answer.counts.get(name).map_or_else(|| "-".to_owned(), u64::to_string);
        rows.add_row([name.as_str(), &count, digest]);
    }
    right(&mut rows, &[1]);
    let covered: Vec<String> =
        answer.applied.iter().map(|(partition, offset)| format!("{partition}:{offset}")).collect();
    format!("{}\ncovers {}\n{}", answer.state, covered.join(" "), section("Parts", &rows))
}

fn shard_row(shard: &ShardStatus) -> Vec<String> {
    let numbers = [
        u64::from(shard.partition),
        shard.applied_offset,
        shard.end_offset,
        shard.lag,
        shard.touchpoints.unsigned_abs(),
        shard.copies.unsigned_abs(),
        shard.conflicts.unsigned_abs(),
        shard.fragments.unsigned_abs(),
    ];
    let state = if shard.halted.is_empty() { "runs".to_owned() } else { format!("halted: {}", shard.halted) };
    let known = |(column, number): (usize, &u64)| match column {
        2 | 3 if shard.end_unknown => "?".to_owned(),
        _ => number.to_string(),
    };
    numbers.iter().enumerate().map(known).chain([value::minute(shard.newest_occurred_at.as_ref()), state]).collect()
}

/// Only where records were passed over.
fn skipped(shards: &[ShardStatus]) -> String {
    let mut rows = table(&["shard", "passed over because", "records"]);
    for shard in shards {
        for (reason, count) in &shard.skipped {
            rows.add_row([shard.partition.to_string(), reason.clone(), count.to_string()]);
        }
    }
    right(&mut rows, &[0, 2]);
    section("Records passed over", &rows)
}
