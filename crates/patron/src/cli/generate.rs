//! `patron generate`: into a file, to standard output, or straight into a server.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use proto::ingest::PublishResult;
use tokio::sync::mpsc;
use types::Micros;

use super::exit::FAILED;
use crate::{
    client::{
        Server,
        publish::{Batch, Observer, publish},
        tally::Tally,
    },
    generate::{Generator, Settings},
    output::{
        progress::{Progress, Unit, per_second},
        to_stderr,
    },
};

/// Touchpoints sent together.
const BATCH_TOUCHPOINTS: usize = 1_000;
/// Batches that wait between making and sending.
const BATCHES_WAITING_MAX: usize = 4;
/// So that numbers never run out.
const EPISODE_MAX: u64 = 1 << 60;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    patron generate --seed 7 --customers 1000 --touchpoints 20000 > touchpoints.ndjson\n  \
    patron generate --customers 1000000 --touchpoints 10000000 --to big.ndjson\n  \
    patron generate --touchpoints 100000 --server http://127.0.0.1:7700 --rate 5000")]
pub(super) struct GenerateArgs {
    /// Equal seeds give equal touchpoints
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many customers there are
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    customers: u64,
    /// How many touchpoints come out, copies included
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    touchpoints: u64,
    /// The first moment
    #[arg(long, value_name = "TIME", default_value = "2026-03-01T00:00:00Z", value_parser = Micros::parse_rfc3339)]
    start: Micros,
    /// How many days they cover
    #[arg(long, value_name = "N", default_value_t = 31)]
    days: u32,
    /// All customers come equally often; otherwise few come often and many rarely
    #[arg(long)]
    uniform: bool,
    /// Each customer has one identifier alone, a user_id, on all of their touchpoints
    #[arg(long)]
    user_id_alone: bool,
    /// Number of the first episode, in the names of messages, visits and orders: give a set that is to lie beside
    /// another numbers of its own
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=EPISODE_MAX))]
    first_episode: u64,
    /// Write NDJSON to this file; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-", conflicts_with = "server")]
    to: PathBuf,
    /// Send them to this server instead
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Send at most this many a second
    #[arg(long, value_name = "N", requires = "server", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
}

impl GenerateArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self { seed, customers, touchpoints, start, days, uniform, .. } = self;
        let settings = Settings { seed, customers, touchpoints, start, days, uniform };
        let mut generator = Generator::new(settings).map_err(anyhow::Error::msg)?.numbered_from(self.first_episode);
        if self.user_id_alone {
            generator = generator.by_user_id_alone();
        }
        match self.server {
            None => write(generator, &self.to),
            Some(url) => send(generator, &url, touchpoints, self.rate).await,
        }
    }
}

fn write(generator: Generator, to: &Path) -> anyhow::Result<ExitCode> {
    let out: Box<dyn Write> = if to == Path::new("-") {
        Box::new(std::io::stdout())
    } else {
        Box::new(File::create(to).with_context(|| format!("{} cannot be written", to.display()))?)
    };
    let mut out = BufWriter::with_capacity(1 << 18, out);
    for touchpoint in generator {
        writeln!(out, "{}", proto::json::to_line(&touchpoint))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

async fn send(generator: Generator, url: &str, touchpoints: u64, rate: Option<u64>) -> anyhow::Result<ExitCode> {
    let server = Server::connect(url).await?;
    let (sender, source) = mpsc::channel(BATCHES_WAITING_MAX);
    tokio::task::spawn_blocking(move || make(generator, &sender));
    let source = match rate {
        Some(rate) => paced(source, rate),
        None => source,
    };
    let mut watch =
        Watch { progress: Progress::new(Some(touchpoints), Unit::Touchpoints), tally: Tally::default(), sent: 0 };
    let published = publish(&server, source, &mut watch).await;
    watch.progress.finish();
    published?;
    Ok(watch.say_how_it_went())
}

fn make(mut generator: Generator, sender: &mpsc::Sender<Batch<()>>) {
    loop {
        let touchpoints: Vec<_> = generator.by_ref().take(BATCH_TOUCHPOINTS).collect();
        if touchpoints.is_empty() || sender.blocking_send(Batch { touchpoints, tag: () }).is_err() {
            return;
        }
    }
}

/// Lets batches through no faster than `rate` touchpoints a second.
fn paced(mut source: mpsc::Receiver<Batch<()>>, rate: u64) -> mpsc::Receiver<Batch<()>> {
    let (sender, paced) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut due = tokio::time::Instant::now();
        while let Some(batch) = source.recv().await {
            tokio::time::sleep_until(due).await;
            due += Duration::from_micros(batch.touchpoints.len() as u64 * 1_000_000 / rate);
            if sender.send(batch).await.is_err() {
                return;
            }
        }
    });
    paced
}

struct Watch {
    progress: Progress,
    tally: Tally,
    sent: u64,
}

impl Watch {
    fn say_how_it_went(&self) -> ExitCode {
        let (seconds, rejected) = (self.progress.seconds(), self.tally.rejected_count());
        let rate = per_second(self.sent, seconds);
        to_stderr(&format!("{} touchpoints accepted in {seconds:.1} s, {rate}/s", self.tally.accepted));
        for (reason, count) in &self.tally.rejected {
            to_stderr(&format!("{count} rejected: {reason}"));
        }
        if rejected > 0 { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
    }
}

impl Observer<()> for Watch {
    fn answered(&mut self, _: Batch<()>, results: Vec<PublishResult>) -> std::io::Result<()> {
        self.sent += results.len() as u64;
        for result in &results {
            self.tally.count(result);
        }
        self.progress.advance(self.sent, results.len() as u64);
        Ok(())
    }

    fn waits(&mut self, why: &str, delay: Duration) {
        self.progress.say(&format!("the server is not ready ({why}); trying again in {delay:?}"));
    }
}
