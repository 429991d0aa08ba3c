//! The program `patron`: the command line, the configuration, and the server that runs all services in one process.
//!
//! Owns what an operator types and reads, and what is started in which order. Never folds, stores or decides anything itself: all
//! of that is behind the services.
#![forbid(unsafe_code)]

pub mod cli;
pub mod client;
pub mod config;
pub mod declare;
pub mod demo;
pub mod doctor;
pub mod export;
pub mod generate;
pub mod import;
pub mod output;
pub mod server;
pub mod telemetry;
