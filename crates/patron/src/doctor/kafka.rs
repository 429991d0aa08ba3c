//! The cluster: whether it answers, and whether topics, clock and hash key fit.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use journal::{
    Journal, PollLimits, Position,
    kafka::{Cluster, KafkaJournal, Severity, TopicSpec},
};
use types::HashKey;

use super::{Finding, Verdict};
use crate::{
    config::Config,
    server::{connect, manifest_agrees, relay_topic, topics},
};

/// A clock that is further behind the brokers' than this is wrong.
const BEHIND_MAX: Duration = Duration::from_secs(5);

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let cluster = match connect(config, "patron-doctor") {
        Ok(cluster) => cluster,
        Err(error) => {
            let remedy = "see above; kafka.start_timeout_ms says how long is waited";
            return vec![Finding::new(Verdict::Bad, "brokers", format!("{error:#}"), remedy)];
        }
    };
    let mut findings = vec![brokers(&cluster)];
    let [touchpoints, definitions, letters] = topics(config);
    let found = [&touchpoints, &definitions, &letters].map(|spec| topic(&cluster, spec));
    let [touchpoints_there, definitions_there, _] =
        [0, 1, 2].map(|at: usize| found.get(at).is_some_and(|found| found.0));
    findings.extend(found.into_iter().flat_map(|(_, findings)| findings));
    findings.extend(relay_topic(config).ok().flatten().into_iter().flat_map(|spec| topic(&cluster, &spec).1));
    if touchpoints_there && definitions_there {
        findings.push(identity(&cluster, config, &touchpoints, &definitions));
    }
    if touchpoints_there {
        findings.extend(clock(&cluster, &touchpoints));
    }
    findings.extend(config.ingest.raw_topics.keys().map(|name| raw_topic(&cluster, name)));
    findings
}

fn brokers(cluster: &Cluster) -> Finding {
    match cluster.brokers() {
        Ok(count) => Finding::good("brokers", format!("{count} of cluster {}", cluster.cluster_id())),
        Err(error) => Finding::new(Verdict::Bad, "brokers", error.to_string(), "look at the brokers' logs"),
    }
}

/// Whether the topic is there, and what there is to say of it.
fn topic(cluster: &Cluster, spec: &TopicSpec) -> (bool, Vec<Finding>) {
    let check = format!("topic {}", spec.name);
    match spec.findings(cluster) {
        Err(error) => {
            (false, vec![Finding::new(Verdict::Bad, check, error.to_string(), "let this user describe topics")])
        }
        Ok(None) => (false, vec![Finding::good(check, "is made at the first start")]),
        Ok(Some(found)) if found.is_empty() => (true, vec![Finding::good(check, "as it should be")]),
        Ok(Some(found)) => {
            let verdict = |severity| if severity == Severity::Fatal { Verdict::Bad } else { Verdict::Warning };
            let finding =
                found.into_iter().map(|one| Finding::new(verdict(one.severity), check.clone(), one.what, one.remedy));
            (true, finding.collect())
        }
    }
}

fn identity(cluster: &Arc<Cluster>, config: &Config, touchpoints: &TopicSpec, definitions: &TopicSpec) -> Finding {
    let check = "journal's identity";
    let compared = (|| {
        let open = |spec| KafkaJournal::open(Arc::clone(cluster), spec);
        let topology = open(touchpoints)?.topology();
        manifest_agrees(&open(definitions)?, &topology, &HashKey::derive(&config.hash_key), &config.normaliser()?)
    })();
    match compared {
        Ok(true) => Finding::good(check, "topic, partitions, hash key and normal form are those it was made with"),
        Ok(false) => Finding::good(check, "is written at the first start"),
        Err(error) => Finding::new(Verdict::Bad, check, format!("{error:#}"), "see what was found"),
    }
}

/// The brokers stamp records: one from the future says that the clock here is behind.
fn clock(cluster: &Arc<Cluster>, spec: &TopicSpec) -> Option<Finding> {
    let journal = KafkaJournal::open(Arc::clone(cluster), spec).ok()?;
    let newest = newest_timestamp(&journal)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let ahead = Duration::from_micros(newest.unsigned_abs()).saturating_sub(now);
    let found = format!("{:.1} s behind the newest record of {}", ahead.as_secs_f64(), spec.name);
    let remedy = "keep the clocks here and on the brokers by NTP";
    if ahead > BEHIND_MAX {
        return Some(Finding::new(Verdict::Bad, "clock and brokers", found, remedy));
    }
    Some(Finding::good("clock and brokers", "no record is from the future"))
}

fn newest_timestamp(journal: &KafkaJournal) -> Option<i64> {
    let held = journal.starts().ok()?.into_iter().zip(journal.ends().ok()?);
    let last = (0..).zip(held).filter(|(_, (start, end))| start < end);
    let from: Vec<_> = last.map(|(partition, (_, end))| Position { partition, offset: end - 1 }).collect();
    let (wanted, mut heard, mut newest) = (from.len(), 0, None);
    let mut reader = journal.reader(from).ok()?;
    let until = Instant::now() + Duration::from_secs(5);
    while heard < wanted && Instant::now() < until {
        let limits = PollLimits { records_max: wanted, bytes_max: 64 << 20 };
        let records = reader.poll(limits, Duration::from_millis(200)).ok()?;
        heard += records.len();
        newest = newest.max(records.iter().map(|record| record.timestamp_us).max());
    }
    newest
}

fn raw_topic(cluster: &Cluster, name: &str) -> Finding {
    let check = format!("raw topic {name}");
    match cluster.partitions(name) {
        Ok(Some(count)) => Finding::good(check, format!("{count} partitions")),
        Ok(None) => {
            let remedy = "create it, or take it out of ingest.raw_topics; it is read once it is there";
            Finding::new(Verdict::Warning, check, "does not exist", remedy)
        }
        Err(error) => Finding::new(Verdict::Bad, check, error.to_string(), "let this user describe topics"),
    }
}
