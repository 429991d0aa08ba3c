//! What the configuration says of the topic of changes of memberships.

use projector::RelayFormat;

use super::{Config, ConfigError, MembershipTopicConfig, OWN_TOPICS, is_topic};

/// The topic of changes of memberships.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayTopic {
    /// Its whole name.
    pub name: String,
    /// Form of its records.
    pub format: RelayFormat,
    /// Partitions when it is created.
    pub partitions: u32,
}

impl Config {
    /// The topic that changes of memberships are relayed to; `None` if there is to be none.
    ///
    /// # Errors
    /// No cluster to relay to, a name or format that is none, too many partitions.
    pub fn relay(&self) -> Result<Option<RelayTopic>, ConfigError> {
        let MembershipTopicConfig { topic, format, partitions } = &self.publish.membership_changes;
        let refused =
            |key: &str, problem: String| Err(ConfigError::value(&format!("publish.membership_changes.{key}"), problem));
        let format = match format.parse() {
            Ok(format) => format,
            Err(problem) => return refused("format", problem),
        };
        if *partitions > journal::embedded::PARTITIONS_MAX {
            let problem = format!("{partitions} given; give at most {}", journal::embedded::PARTITIONS_MAX);
            return refused("partitions", problem);
        }
        if topic.is_empty() {
            return Ok(None);
        }
        let name = format!("{}{topic}", self.kafka.topic_prefix);
        if OWN_TOPICS.contains(&topic.as_str()) {
            return refused("topic", format!("`{topic}` is a topic of Patron's with other records; name another one"));
        }
        if !is_topic(&name) {
            return refused("topic", format!("`{name}` is no name of a topic: letters, digits, `.`, `_`, `-`"));
        }
        if self.kafka.brokers.is_empty() {
            let problem = "there is no Kafka cluster to relay to: set kafka.brokers, or leave it empty and follow \
                           `patron segment watch`";
            return refused("topic", problem.to_owned());
        }
        let partitions = if *partitions == 0 { self.journal.partitions } else { *partitions };
        Ok(Some(RelayTopic { name, format, partitions }))
    }
}
