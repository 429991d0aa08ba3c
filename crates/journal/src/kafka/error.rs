//! What a Kafka cluster or a topic can be that Patron does not run on, in words that name the remedy.
//!
//! Owns: the errors of opening. Never: carries a secret; librdkafka's messages name properties, not the values of secrets.

use rdkafka::{error::KafkaError as Native, types::RDKafkaErrorCode};

/// Why a cluster or topic could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KafkaError {
    /// A property that only Patron sets.
    #[error("kafka.properties: `{property}` is Patron's to set ({why}); remove it")]
    Reserved {
        /// The property.
        property: &'static str,
        /// What it is for.
        why: &'static str,
    },
    /// librdkafka refuses a property.
    #[error("kafka.properties: {reason}; see librdkafka's CONFIGURATION.md for names and values")]
    Setting {
        /// Its words.
        reason: String,
    },
    /// No broker answered.
    #[error(
        "no broker of {brokers} answered within {seconds} s{reason}; check kafka.brokers, that Kafka runs and is reachable \
         from here, and the security settings in kafka.properties"
    )]
    Unreachable {
        /// As configured.
        brokers: String,
        /// How long was waited.
        seconds: u64,
        /// The last thing heard, with a leading comma and space; may be empty.
        reason: String,
    },
    /// A topic is missing and could not be created.
    #[error("the topic {topic} does not exist and could not be created: {reason}; {remedy}")]
    NotCreated {
        /// The topic.
        topic: String,
        /// The broker's words.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A topic is not as it must be.
    #[error("the topic {topic} {what}; {remedy}")]
    Topic {
        /// The topic.
        topic: String,
        /// What is wrong with it.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The cluster left a question unanswered for now.
    #[error(
        "the cluster did not say {what} in time: {reason}; check that the brokers run, are not overloaded, and are reachable from \
         here at the addresses that they advertise"
    )]
    Late {
        /// What was asked.
        what: String,
        /// The client's words.
        reason: String,
    },
    /// The cluster refused a question.
    #[error("the cluster did not say {what}: {reason}; check that the brokers run and that this user may ask it")]
    Refused {
        /// What was asked.
        what: String,
        /// The broker's words.
        reason: String,
    },
}

impl KafkaError {
    pub(super) fn setting(error: &Native) -> Self {
        let reason = match error {
            Native::ClientConfig(_, reason, property, _) => format!("`{property}`: {reason}"),
            other => other.to_string(),
        };
        Self::Setting { reason }
    }

    /// Of a question that was not answered.
    pub(super) fn unanswered(what: impl Into<String>, error: &Native) -> Self {
        let (what, reason) = (what.into(), reason(error));
        if code(error).is_some_and(is_late) { Self::Late { what, reason } } else { Self::Refused { what, reason } }
    }
}

/// Whether nobody answered in time, or a connection broke before: the same question may be answered later.
pub(super) fn is_late(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::RequestTimedOut
            | RDKafkaErrorCode::MessageTimedOut
            | RDKafkaErrorCode::TimedOutQueue
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::NetworkException
            // The client let go of the connection that it asked over, as it does with the first one once it knows the broker.
            | RDKafkaErrorCode::DestroyBroker
            | RDKafkaErrorCode::NotController
    )
}

/// The cause in the broker's words, without the wrapper's.
pub(super) fn reason(error: &Native) -> String {
    code(error).map_or_else(|| error.to_string(), |code| code.to_string())
}

/// The wrapper does not give that of an administrator's question.
pub(super) fn code(error: &Native) -> Option<RDKafkaErrorCode> {
    match error {
        Native::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    }
}
