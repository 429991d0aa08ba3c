//! Which of Patron's services a process runs.

use std::net::SocketAddr;

use crate::config::{Config, Listener};

/// The services of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// All of them.
    All,
    /// The front doors: gRPC and raw topics.
    Ingest,
    /// Folding, and reading of what is folded.
    Projector,
    /// The stateless front of reading.
    Query,
}

impl Role {
    /// Its name on the command line; also how Kafka's brokers know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "patron",
            Self::Ingest => "patron-ingest",
            Self::Projector => "patron-projector",
            Self::Query => "patron-query",
        }
    }

    /// The defaults of its settings: on one machine, each process has ports of its own.
    pub fn defaults(self) -> Config {
        let listener = |port| Listener { addr: SocketAddr::from(([127, 0, 0, 1], port)) };
        let (grpc, http) = match self {
            Self::All | Self::Ingest => (7700, 7701),
            Self::Projector => (7710, 7711),
            Self::Query => (7720, 7721),
        };
        Config { grpc: listener(grpc), http: listener(http), ..Config::default() }
    }

    pub(super) fn ingests(self) -> bool {
        matches!(self, Self::All | Self::Ingest)
    }

    pub(super) fn folds(self) -> bool {
        matches!(self, Self::All | Self::Projector)
    }
}
