//! The front door through a real gRPC server and client on a loopback port.

#![cfg(test)]

mod journals;
mod publish;
mod refusals;
mod stream;
mod support;
