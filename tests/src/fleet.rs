//! Patron as retailers run it: ingest, projector and query as processes of their own around Kafka.

use std::{path::Path, process::Command};

use crate::process::{Server, serving};

/// Settings of a fleet, as environment variables.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    variables: Vec<(String, String)>,
}

impl Settings {
    /// On these brokers, with topics behind a prefix.
    pub fn new(brokers: &str, prefix: &str, partitions: u32) -> Self {
        Self::default()
            .with("PATRON_KAFKA_BROKERS", brokers)
            .with("PATRON_KAFKA_TOPIC_PREFIX", prefix)
            .with("PATRON_JOURNAL_PARTITIONS", &partitions.to_string())
            .with("PATRON_KINDS_CUSTOM", "stock_moved")
    }

    /// One more.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A process that is not started yet.
    pub fn command(&self, role: &str) -> Command {
        let mut command = serving(role);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// `patron ingest`, at an address if one is given.
    pub fn ingest(&self, addr: Option<&str>, config: Option<&Path>) -> Server {
        let mut command = self.at("ingest", addr);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        Server::spawn(command).expect("ingest starts")
    }

    /// `patron projector` over a folder, at an address if one is given.
    pub fn projector(&self, data_dir: &Path, addr: Option<&str>) -> Server {
        let mut command = self.at("projector", addr);
        command.arg("--data-dir").arg(data_dir);
        Server::spawn(command).expect("the projector starts")
    }

    /// `patron query` over projectors, at an address if one is given.
    pub fn query(&self, projectors: &[&Server], addr: Option<&str>) -> Server {
        let urls: Vec<&str> = projectors.iter().map(|projector| projector.grpc.as_str()).collect();
        let mut command = self.at("query", addr);
        command.arg("--projectors").arg(urls.join(","));
        Server::spawn(command).expect("query starts")
    }

    /// `patron up` over a folder.
    pub fn up(&self, data_dir: &Path) -> Server {
        let mut command = self.command("up");
        command.arg("--data-dir").arg(data_dir);
        Server::spawn(command).expect("patron starts")
    }

    fn at(&self, role: &str, addr: Option<&str>) -> Command {
        let mut command = self.command(role);
        if let Some(addr) = addr {
            command.env("PATRON_GRPC_ADDR", addr.trim_start_matches("http://"));
        }
        command
    }
}
