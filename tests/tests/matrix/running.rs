//! Patron over either journal while it is fed: one process, or ingest, projector and query around Kafka; killed and begun again.

use std::path::PathBuf;

use tests::{
    fleet::Settings,
    kafka::{brokers, prefix},
    process::Server,
};

/// Processes over one journal.
pub(crate) enum Running {
    /// `patron up` over a folder, with its own journal.
    Embedded(Server, PathBuf, String),
    /// Ingest, projector and query around Kafka.
    Fleet(Box<Fleet>),
}

pub(crate) struct Fleet {
    settings: Settings,
    dir: PathBuf,
    ingest: Server,
    projector: Server,
    query: Server,
}

impl Running {
    pub(crate) fn embedded(dir: PathBuf, partitions: u32) -> Self {
        let partitions = partitions.to_string();
        let server = Server::start_with(&dir, &environment(&partitions, "127.0.0.1:0")).unwrap();
        Self::Embedded(server, dir, partitions)
    }

    pub(crate) fn on_kafka(dir: PathBuf, partitions: u32) -> Self {
        let settings = Settings::new(&brokers(), &prefix("matrix"), partitions);
        let (ingest, projector) = (settings.ingest(None, None), settings.projector(&dir, None));
        let query = settings.query(&[&projector], None);
        Self::Fleet(Box::new(Fleet { settings, dir, ingest, projector, query }))
    }

    /// Who takes touchpoints.
    pub(crate) fn doors(&self) -> &Server {
        match self {
            Self::Embedded(server, ..) => server,
            Self::Fleet(fleet) => &fleet.ingest,
        }
    }

    /// Who folds.
    pub(crate) fn shards(&self) -> &Server {
        match self {
            Self::Embedded(server, ..) => server,
            Self::Fleet(fleet) => &fleet.projector,
        }
    }

    pub(crate) fn digest(&self) -> serde_json::Value {
        match self {
            Self::Embedded(server, ..) => server.digest(),
            Self::Fleet(fleet) => fleet.query.digest(),
        }
    }

    /// Kills a process without a word and starts it again where it was; around Kafka, ingest or the projector.
    pub(crate) fn kill(self, ingest: bool) -> Self {
        match self {
            Self::Embedded(server, dir, partitions) => {
                let address = server.grpc.trim_start_matches("http://").to_owned();
                server.kill();
                let server = Server::start_with(&dir, &environment(&partitions, &address)).unwrap();
                Self::Embedded(server, dir, partitions)
            }
            Self::Fleet(fleet) => Self::Fleet(Box::new(fleet.kill(ingest))),
        }
    }
}

impl Fleet {
    fn kill(mut self, ingest: bool) -> Self {
        if ingest {
            let address = self.ingest.grpc.clone();
            self.ingest.kill();
            self.ingest = self.settings.ingest(Some(&address), None);
        } else {
            let address = self.projector.grpc.clone();
            self.projector.kill();
            self.projector = self.settings.projector(&self.dir, Some(&address));
        }
        self
    }
}

fn environment<'a>(partitions: &'a str, address: &'a str) -> [(&'a str, &'a str); 3] {
    [("PATRON_JOURNAL_PARTITIONS", partitions), ("PATRON_GRPC_ADDR", address), ("PATRON_KINDS_CUSTOM", "stock_moved")]
}
