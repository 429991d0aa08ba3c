//! Punctuality through the real process, by the wall's clock: of 100,000 customers who enter or leave because time passes each is
//! told once, at its exact instant and never before, while ingest goes on and whenever the server is killed. How soon is for
//! benches to say; here no bound but that of a hang makes a test fail.
#![cfg(test)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use patron::client::Server as Connection;
use tests::{client::connect, process::Server};
use tokio::{
    sync::watch::{self, Receiver},
    task::JoinHandle,
};
use types::Micros;

#[path = "punctuality/crowd.rs"]
mod crowd;
#[path = "punctuality/heard.rs"]
mod heard;

use crowd::{Crowd, SEGMENTS, publish_all, seen};
use heard::{HANG_MAX, LOOK, Log, listen, until, wait_until, wall};

const SECOND: i64 = 1_000_000;
/// Those who come first, by whom it is seen how long a crowd takes on this machine.
const FIRST: usize = 4_000;

/// A server whose segments are told, and its watcher.
struct World {
    server: Server,
    connection: Connection,
    log: watch::Sender<Log>,
    /// Microseconds until one customer who came was told.
    each: i64,
}

impl World {
    async fn start(dir: &Path) -> Self {
        let server = Server::start(&dir.join("data")).unwrap();
        let file = dir.join("segments.toml");
        std::fs::write(&file, SEGMENTS).unwrap();
        server.ask(&["segment", "apply", file.to_str().unwrap()]);
        let (log, heard) = watch::channel(Log::default());
        let connection = connect(&server).await;
        listen(&connection, log.clone());
        let began = wall();
        let first = (0..FIRST).map(|number| seen(&format!("w{number}"), began, false));
        publish_all(&connection, first.collect()).await;
        until(&heard, "the first come", |log| log.heard.len() >= FIRST).await;
        let each = (wall().0 - began.0) / i64::try_from(FIRST).unwrap();
        Self { server, connection, log, each }
    }

    fn heard(&self) -> Receiver<Log> {
        self.log.subscribe()
    }

    /// When a crowd that comes now has surely been told.
    fn told_by(&self, crowd: usize) -> i64 {
        wall().0 + self.each * i64::try_from(crowd).unwrap() * 3 / 2 + 5 * SECOND
    }
}

/// Others come and come.
fn ingest(connection: &Connection) -> JoinHandle<()> {
    let connection = connection.clone();
    tokio::spawn(async move {
        for round in 0.. {
            let others = (0..50).map(|number| seen(&format!("b{round}x{number}"), wall(), number % 2 == 0));
            publish_all(&connection, others.collect()).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
}

/// 60,000 deadlines over four seconds, then 20,000 within one second and 20,000 at one and the same instant of it.
fn spread_and_burst(start: i64) -> Crowd {
    let spread = (0..60_000).map(|number| start + number * 4 * SECOND / 60_000);
    let second = start + 5 * SECOND;
    let within = (0..20_000).map(|number| second + number * 50 + 1);
    let at_once = std::iter::repeat_n(second + SECOND / 2, 20_000);
    Crowd { deadlines: spread.chain(within).chain(at_once).map(Micros).collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_deadlines_are_told_once_exactly_and_never_early() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let crowd = spread_and_burst(world.told_by(100_000));
    let positions = crowd.come(&world.connection).await;
    let others = ingest(&world.connection);
    let heard = world.heard();
    let (mut before, mut after, since) = (0, 0, Instant::now());
    while Crowd::heard(&heard.borrow()) < crowd.len() || after == 0 {
        let sampled = crowd.sample(&world.connection, &positions, 997).await;
        (before, after) = (before + sampled.before, after + sampled.after);
        assert!(
            since.elapsed() < HANG_MAX,
            "{} of {} deadlines were heard",
            Crowd::heard(&heard.borrow()),
            crowd.len()
        );
        tokio::time::sleep(LOOK).await;
    }
    assert!(before > 0, "nobody was asked about before the deadline");
    others.abort();
    let log = heard.borrow();
    crowd.check(&log);
    crowd.check_alive(&log);
    let by_time = log.heard.iter().filter(|heard| Crowd::deadline_of(heard).is_some() && heard.by_time).count();
    assert!(by_time > crowd.len() / 2, "{by_time} only: the crowd came after its deadlines");
    assert!(log.heard.iter().any(|heard| heard.who.starts_with('b')), "ingest went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_that_come_while_the_server_is_down_are_told_once_with_their_own_instants() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::start(dir.path()).await;
    let burst = world.told_by(20_000) + SECOND;
    let crowd = Crowd { deadlines: (0..20_000).map(|number| Micros(burst + number * 25)).collect() };
    crowd.come(&world.connection).await;
    wait_until(Micros(burst - SECOND)).await;
    world.server.kill();
    wait_until(Micros(burst + 3 * SECOND / 2)).await;
    let heard = world.log.subscribe();
    assert_eq!(Crowd::heard(&heard.borrow()), 0, "none came before the burst");
    let server = Server::start(&dir.path().join("data")).unwrap();
    let connection = connect(&server).await;
    listen(&connection, world.log);
    until(&heard, "the overdue", |log| Crowd::heard(log) >= crowd.len()).await;
    // Nothing more comes behind the last.
    let alive = heard.borrow().alive.len();
    until(&heard, "a keep-alive", |log| log.alive.len() > alive).await;
    crowd.check(&heard.borrow());
    crowd.check_alive(&heard.borrow());
}
