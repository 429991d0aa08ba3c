//! Look-ups of customers: from Patron by a field mask, and from Redis the same bytes under the same names. As many connections
//! each, each with one call under way; answers are received and not decoded.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use clap::{Args, ValueEnum};
use hdrhistogram::Histogram;
use patron::client::Server;
use prost::{
    Message as _,
    encoding::{self, WireType},
};
use prost_types::FieldMask;
use proto::customer::{BatchGetCustomersRequest, CustomerRef, customer_ref::Ref};
use rand::RngExt as _;
use tokio::task::JoinSet;
use types::record::Identifier;

use super::{
    grpc::{self, Grpc},
    redis::Redis,
};
use crate::{sample, threads};

const ONE: &str = "/patron.customer.v1.CustomerService/GetCustomer";
const MANY: &str = "/patron.customer.v1.CustomerService/BatchGetCustomers";

/// Names put into Redis by one command.
const FILL: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct Lookups {
    /// Address of Patron's gRPC
    #[arg(long)]
    server: String,
    /// Address of Redis, HOST:PORT
    #[arg(long)]
    redis: String,
    /// File of user ids, one a line
    #[arg(long)]
    users: PathBuf,
    /// Fields that are read
    #[arg(long, value_delimiter = ',')]
    fields: Vec<String>,
    /// Connections
    #[arg(long, default_value_t = 16)]
    connections: u64,
    /// Customers of a call
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Seconds for each
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Who is asked
    #[arg(long)]
    of: Peer,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Peer {
    /// Patron
    Patron,
    /// Redis, filled before the clock runs with what Patron answers
    Redis,
}

/// One connection.
enum Line {
    /// With the field mask as it is sent.
    Patron(Grpc, Bytes),
    Redis(Redis),
}

impl Lookups {
    pub(super) async fn run(self) -> Result<()> {
        let users: Arc<Vec<String>> = Arc::new(fs::read_to_string(&self.users)?.lines().map(str::to_owned).collect());
        ensure!(!users.is_empty(), "{} names nobody", self.users.display());
        let bytes = if matches!(self.of, Peer::Redis) { self.fill(&users).await? } else { 0 };
        let mut lines = Vec::new();
        for _ in 0..self.connections {
            lines.push(self.line().await?);
        }
        let (began, process, mut callers) = (Instant::now(), threads::process_nanos(), JoinSet::new());
        let until = began + Duration::from_secs(self.seconds);
        for (number, line) in (0..).zip(lines) {
            callers.spawn(call(line, Arc::clone(&users), self.batch, until, number));
        }
        let mut micros = Histogram::<u64>::new(3)?;
        while let Some(caller) = callers.join_next().await {
            micros.add(caller??)?;
        }
        let keys = micros.len() as f64 * self.batch as f64;
        let (rate, client) = (keys / began.elapsed().as_secs_f64(), (threads::process_nanos() - process) / keys / 1e3);
        let [p50, p99] = [0.5, 0.99].map(|quantile| micros.value_at_quantile(quantile));
        println!(
            r#"{{"keys_per_second": {rate}, "p50_us": {p50}, "p99_us": {p99}, "client_cpu_us": {client}, "value_bytes": {bytes}}}"#
        );
        Ok(())
    }

    fn mask(&self) -> FieldMask {
        FieldMask { paths: self.fields.clone() }
    }

    async fn line(&self) -> Result<Line> {
        Ok(match self.of {
            Peer::Patron => Line::Patron(Grpc::connect(&self.server).await?, self.mask().encode_to_vec().into()),
            Peer::Redis => Line::Redis(Redis::connect(&self.redis).await?),
        })
    }

    /// Puts each customer's bytes, as Patron answers them, into Redis; bytes of one on average.
    async fn fill(&self, users: &[String]) -> Result<u64> {
        let (server, mut redis, mut bytes) =
            (Server::connect(&self.server).await?, Redis::connect(&self.redis).await?, 0);
        for users in users.chunks(FILL) {
            let request = BatchGetCustomersRequest {
                customers: users.iter().map(|user| who(user)).collect(),
                read_mask: Some(self.mask()),
                ..Default::default()
            };
            let answer = server.customers().batch_get_customers(request).await?.into_inner();
            let mut rows = Vec::with_capacity(users.len());
            for (user, result) in users.iter().zip(answer.results) {
                rows.push((
                    user.as_str(),
                    result.customer.with_context(|| format!("{user} is nobody"))?.encode_to_vec(),
                ));
            }
            bytes += rows.iter().map(|(_, row)| row.len() as u64).sum::<u64>();
            redis.mset(&rows).await?;
        }
        Ok(bytes / users.len() as u64)
    }
}

fn who(user: &str) -> CustomerRef {
    let identifier = Identifier { namespace: "user_id".to_owned(), value: user.to_owned() };
    CustomerRef { r#ref: Some(Ref::Identifier(identifier)) }
}

/// One caller, until the time is up; microseconds of each call.
async fn call(
    mut line: Line,
    users: Arc<Vec<String>>,
    batch: usize,
    until: Instant,
    number: u64,
) -> Result<Histogram<u64>> {
    let (mut micros, mut random) = (Histogram::new(3)?, sample::random(number));
    while Instant::now() < until {
        let asked: Vec<&str> = (0..batch).map(|_| users[random.random_range(0..users.len())].as_str()).collect();
        let began = Instant::now();
        let found = line.look_up(&asked).await?;
        micros.record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX))?;
        ensure!(found == batch, "{found} of {batch} were found");
    }
    Ok(micros)
}

impl Line {
    /// How many were found.
    async fn look_up(&mut self, users: &[&str]) -> Result<usize> {
        match (self, users) {
            (Self::Patron(grpc, mask), [user]) => {
                grpc::filled(grpc.call(ONE, |request| ask(request, &[user], mask)).await?)
            }
            (Self::Patron(grpc, mask), users) => {
                grpc::filled(grpc.call(MANY, |request| ask(request, users, mask)).await?)
            }
            (Self::Redis(redis), users) => redis.get(users).await,
        }
    }
}

/// Writes a request for these, from where they lie, as Redis's names are written: of one and of many, field 1 is who and field 2 the mask.
fn ask(request: &mut BytesMut, users: &[&str], mask: &Bytes) {
    const NAMESPACE: &[u8] = b"user_id";
    let field_bytes = |bytes: usize| 1 + encoding::encoded_len_varint(bytes as u64) + bytes;
    for user in users {
        let identifier_bytes = field_bytes(NAMESPACE.len()) + field_bytes(user.len());
        begin(request, 1, field_bytes(identifier_bytes));
        begin(request, 1, identifier_bytes);
        for (number, text) in [(1, NAMESPACE), (2, user.as_bytes())] {
            begin(request, number, text.len());
            request.put_slice(text);
        }
    }
    begin(request, 2, mask.len());
    request.put_slice(mask);
}

/// Begins a field of so many bytes.
fn begin(request: &mut BytesMut, number: u32, bytes: usize) {
    encoding::encode_key(number, WireType::LengthDelimited, request);
    encoding::encode_varint(bytes as u64, request);
}
