//! Topics as Patron needs them: created where they are missing, checked where they are there.
//!
//! Owns: what a topic must be, each finding with its remedy. Never: changes a topic that exists; that is the operator's to
//! do.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;

use super::error::{is_late, reason};
use super::{Cluster, KafkaError, topic_id};

/// What a broker adds to a record, generously.
const OVERHEAD_BYTES: usize = 64 << 10;

/// Pause before a question is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// Replicas of a new topic where there are brokers enough and nothing is configured.
const REPLICAS: usize = 3;

/// What becomes of old records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// Nothing: every record is kept for ever.
    Keep,
    /// The newest record of each key is kept for ever.
    Compact,
    /// As its operator sets it: nothing is replayed from it. A new topic keeps everything.
    Any,
}

/// A topic as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its partitions; fixed for its life, as keys would move.
    pub partitions: u32,
    /// Replicas of a new topic; 0 takes three where there are three brokers or more, else one.
    pub replication: u32,
    /// What becomes of old records.
    pub cleanup: Cleanup,
    /// The largest record, in bytes of key, value and headers.
    pub record_bytes_max: usize,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It works, and could be safer.
    Warning,
    /// Patron does not start on it.
    Fatal,
}

/// One thing that is not as it should be with a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFinding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is: `has 4 partitions, …`.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// Makes sure that the topic is there and as it must be, and returns its id. Asks again while brokers are late and a start has time.
pub(super) fn ensure(cluster: &Cluster, spec: &TopicSpec) -> Result<String, KafkaError> {
    let mut made = false;
    loop {
        match ensure_once(cluster, spec, &mut made) {
            Err(error @ KafkaError::Late { .. }) if cluster.is_patient() => {
                tracing::warn!(topic = spec.name, %error, "asking again");
                std::thread::park_timeout(PAUSE);
            }
            told => return told,
        }
    }
}

/// Notes whether it asked for the topic to be made, also where it does not hear that it was.
fn ensure_once(cluster: &Cluster, spec: &TopicSpec, made: &mut bool) -> Result<String, KafkaError> {
    let id = match topic_id::of(cluster, &spec.name)? {
        Some(_) if *made => settled(cluster, spec)?,
        Some(id) => id,
        None => {
            *made = true;
            create(cluster, spec)?
        }
    };
    for TopicFinding { severity, what, remedy } in spec.findings(cluster)?.unwrap_or_default() {
        match severity {
            Severity::Fatal => return Err(KafkaError::Topic { topic: spec.name.clone(), what, remedy }),
            Severity::Warning => tracing::warn!(topic = spec.name, remedy, "the topic {what}"),
        }
    }
    Ok(id)
}

fn create(cluster: &Cluster, spec: &TopicSpec) -> Result<String, KafkaError> {
    let replicas = spec.replicas(cluster.brokers()?);
    let config = spec.config(replicas);
    let new = NewTopic::new(&spec.name, spec.partitions.cast_signed(), TopicReplication::Fixed(replicas.cast_signed()));
    let new = config.iter().fold(new, |new, (key, value)| new.set(key, value));
    let patience = cluster.settings().request_timeout;
    let options = AdminOptions::new().operation_timeout(Some(patience)).request_timeout(Some(patience));
    let refused = |reason: String| KafkaError::NotCreated {
        topic: spec.name.clone(),
        reason,
        remedy: format!(
            "let this user create topics, or create it: kafka-topics.sh --create --topic {} --partitions {} \
             --replication-factor {replicas}{}; with fewer brokers than replicas set kafka.replication_factor",
            spec.name,
            spec.partitions,
            config.iter().map(|(key, value)| format!(" --config {key}={value}")).collect::<String>()
        ),
    };
    // Where the answer does not come in time: a cluster that is busy creates the topic all the same.
    let told = match crate::wait(cluster.admin().create_topics([&new], &options)) {
        Err(Native::AdminOp(code)) if is_late(code) => Vec::new(),
        told => told.map_err(|error| refused(reason(&error)))?,
    };
    for result in told {
        match result {
            Ok(_) => tracing::info!(topic = spec.name, partitions = spec.partitions, replicas, "created the topic"),
            // Another process was quicker; what it made is checked like any topic.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) if is_late(code) => {}
            Err((_, code)) => return Err(refused(code.to_string())),
        }
    }
    settled(cluster, spec)
}

/// The id of a topic just created, once every partition has a leader: brokers hear of a topic one after the other.
fn settled(cluster: &Cluster, spec: &TopicSpec) -> Result<String, KafkaError> {
    let until = Instant::now() + cluster.settings().request_timeout;
    loop {
        if let Some(id) = topic_id::of(cluster, &spec.name)?
            && led(cluster, spec)?
        {
            return Ok(id);
        }
        if Instant::now() > until {
            let what = format!("that topic {} is there and all its partitions have leaders", spec.name);
            return Err(KafkaError::Late { what, reason: "it was asked to make it".to_owned() });
        }
        std::thread::park_timeout(PAUSE);
    }
}

fn led(cluster: &Cluster, spec: &TopicSpec) -> Result<bool, KafkaError> {
    let metadata = cluster.metadata(Some(&spec.name))?;
    let topic = metadata.topics().iter().find(|topic| topic.name() == spec.name);
    Ok(topic.is_some_and(|topic| {
        topic.partitions().len() == spec.partitions as usize && topic.partitions().iter().all(|one| one.leader() >= 0)
    }))
}

impl TopicSpec {
    /// All that is not as it should be with the topic; `None` when there is no such topic.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub fn findings(&self, cluster: &Cluster) -> Result<Option<Vec<TopicFinding>>, KafkaError> {
        let metadata = cluster.metadata(Some(&self.name))?;
        let found = metadata.topics().iter().find(|topic| topic.name() == self.name && topic.error().is_none());
        let Some(found) = found else { return Ok(None) };
        let replicas = found.partitions().iter().map(|one| one.replicas().len()).min().unwrap_or_default();
        let config = configuration(cluster, &self.name)?;
        let brokers = cluster.brokers()?;
        Ok(Some(
            [self.partitions_finding(found.partitions().len())]
                .into_iter()
                .chain(self.retention_findings(&config))
                .chain([self.size_finding(&config), self.writable_finding(&config, replicas)])
                .chain([self.replicas_finding(&config, replicas, brokers), self.election_finding(&config)])
                .flatten()
                .collect(),
        ))
    }

    fn replicas(&self, brokers: usize) -> u32 {
        match self.replication {
            0 if brokers >= REPLICAS => REPLICAS as u32,
            0 => 1,
            configured => configured,
        }
    }

    fn config(&self, replicas: u32) -> Vec<(&'static str, String)> {
        let policy = match self.cleanup {
            Cleanup::Keep | Cleanup::Any => "delete",
            Cleanup::Compact => "compact",
        };
        vec![
            ("cleanup.policy", policy.to_owned()),
            ("retention.ms", "-1".to_owned()),
            ("retention.bytes", "-1".to_owned()),
            ("min.insync.replicas", if replicas >= 3 { 2 } else { 1 }.to_string()),
            ("max.message.bytes", self.message_bytes_max().to_string()),
            // Broker time: a producer's clock cannot put a record where retention or a reader's eye would miss it.
            ("message.timestamp.type", "LogAppendTime".to_owned()),
        ]
    }

    fn message_bytes_max(&self) -> usize {
        self.record_bytes_max + OVERHEAD_BYTES
    }

    fn partitions_finding(&self, found: usize) -> Option<TopicFinding> {
        let what = format!("has {found} partitions, the configuration says {}", self.partitions);
        let remedy = format!(
            "keys would move: set the number of partitions to {found} if the topic was always so; if partitions were added to \
             a topic in use, publish its records anew into a topic of {found} partitions (another kafka.topic_prefix)"
        );
        (found != self.partitions as usize).then_some(TopicFinding { severity: Severity::Fatal, what, remedy })
    }

    fn retention_findings(&self, config: &BTreeMap<String, String>) -> Vec<Option<TopicFinding>> {
        let value = |key: &str| config.get(key).map_or("", String::as_str);
        let must = |key: &str, is_good: bool, good: &str, why: &str| {
            let what = format!("has {key}={}, but {why}", value(key));
            let remedy = self.alter(key, good);
            (!is_good).then_some(TopicFinding { severity: Severity::Fatal, what, remedy })
        };
        let policy = value("cleanup.policy");
        match self.cleanup {
            Cleanup::Keep => {
                let forever = "the journal is replayed from its beginning, so it is kept for ever";
                vec![
                    must("cleanup.policy", policy == "delete", "delete", forever),
                    must("retention.ms", value("retention.ms") == "-1", "-1", forever),
                    must("retention.bytes", value("retention.bytes") == "-1", "-1", forever),
                ]
            }
            Cleanup::Compact => {
                let why = "its records are kept until they are resolved, by key";
                vec![must("cleanup.policy", policy == "compact", "compact", why)]
            }
            Cleanup::Any => Vec::new(),
        }
    }

    fn size_finding(&self, config: &BTreeMap<String, String>) -> Option<TopicFinding> {
        let (key, wanted) = ("max.message.bytes", self.message_bytes_max());
        let held: usize = config.get(key)?.parse().ok()?;
        let what = format!("has {key}={held}, but records may be as large as {wanted} bytes");
        let remedy = self.alter(key, &wanted.to_string());
        (held < wanted).then_some(TopicFinding { severity: Severity::Fatal, what, remedy })
    }

    fn writable_finding(&self, config: &BTreeMap<String, String>, replicas: usize) -> Option<TopicFinding> {
        let key = "min.insync.replicas";
        let least: usize = config.get(key)?.parse().ok()?;
        let what = format!("has {key}={least} but only {replicas} replicas, so nothing can ever be written");
        let remedy = self.alter(key, &replicas.saturating_sub(1).max(1).to_string());
        (least > replicas).then_some(TopicFinding { severity: Severity::Fatal, what, remedy })
    }

    fn replicas_finding(
        &self,
        config: &BTreeMap<String, String>,
        replicas: usize,
        brokers: usize,
    ) -> Option<TopicFinding> {
        let least: usize = config.get("min.insync.replicas").and_then(|text| text.parse().ok()).unwrap_or(1);
        if replicas < REPLICAS.min(brokers) {
            let what = format!("has {replicas} replicas though there are {brokers} brokers: a lost disk loses records");
            let remedy = "add replicas with kafka-reassign-partitions.sh".to_owned();
            return Some(TopicFinding { severity: Severity::Warning, what, remedy });
        }
        let what =
            format!("has {replicas} replicas but min.insync.replicas={least}: one disk may hold what was accepted");
        let remedy = self.alter("min.insync.replicas", "2");
        (replicas >= REPLICAS && least < 2).then_some(TopicFinding { severity: Severity::Warning, what, remedy })
    }

    fn election_finding(&self, config: &BTreeMap<String, String>) -> Option<TopicFinding> {
        let key = "unclean.leader.election.enable";
        let unclean = config.get(key).is_some_and(|value| value == "true");
        let what = format!("has {key}=true: a replica that lags may take over, and lose what was accepted");
        unclean.then(|| TopicFinding { severity: Severity::Warning, what, remedy: self.alter(key, "false") })
    }

    fn alter(&self, key: &str, value: &str) -> String {
        format!(
            "set it: kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name {} --add-config \
             {key}={value}",
            self.name
        )
    }
}

/// The settings in force for a topic. A broker that has not heard of a new topic yet answers with none: it is asked again.
fn configuration(cluster: &Cluster, topic: &str) -> Result<BTreeMap<String, String>, KafkaError> {
    let until = Instant::now() + cluster.settings().request_timeout;
    loop {
        let settings = ask_configuration(cluster, topic)?;
        if settings.contains_key("cleanup.policy") {
            return Ok(settings);
        }
        if Instant::now() > until {
            let what = format!("how topic {topic} is set");
            // The wrapper does not pass on why.
            let reason = "its answer was empty, as it is for a user who may not describe configurations".to_owned();
            return Err(KafkaError::Refused { what, reason });
        }
        std::thread::park_timeout(PAUSE);
    }
}

fn ask_configuration(cluster: &Cluster, topic: &str) -> Result<BTreeMap<String, String>, KafkaError> {
    let unanswered = |error: &Native| KafkaError::unanswered(format!("how topic {topic} is set"), error);
    let options = AdminOptions::new().request_timeout(Some(cluster.settings().request_timeout));
    let resource = [ResourceSpecifier::Topic(topic)];
    let told = crate::wait(cluster.admin().describe_configs(&resource, &options));
    let mut settings = BTreeMap::new();
    for resource in told.map_err(|error| unanswered(&error))? {
        let resource = resource.map_err(|code| unanswered(&Native::AdminOp(code)))?;
        settings.extend(resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))));
    }
    Ok(settings)
}
