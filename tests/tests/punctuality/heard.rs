//! What a watcher of the feed hears, with the instant of each arrival by the wall's clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use patron::client::Server as Connection;
use proto::segment::{MembershipChange, MembershipChangeCause, MembershipChangeType, WatchMembershipsRequest};
use tokio::{
    sync::watch::{Receiver, Sender},
    task::JoinHandle,
};
use types::Micros;

/// Beyond this nothing comes any more.
pub(super) const HANG_MAX: Duration = Duration::from_secs(300);
/// Between two looks at what was heard.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// A change that was heard.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) sequence: u64,
    /// Value of the customer's identifier.
    pub(super) who: String,
    pub(super) segment: String,
    pub(super) entered: bool,
    pub(super) correction: bool,
    pub(super) by_time: bool,
    pub(super) effective_at: Micros,
    pub(super) observed_at: Micros,
    pub(super) arrived_at: Micros,
}

/// All that was heard.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) heard: Vec<Heard>,
    /// Of each keep-alive, until when all is said to be sent, and how many changes had come by then.
    pub(super) alive: Vec<(Micros, usize)>,
    cursor: String,
}

/// The wall's clock.
pub(super) fn wall() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Micros(i64::try_from(since.as_micros()).unwrap())
}

/// Listens from where the log ends until the server goes.
pub(super) fn listen(connection: &Connection, log: Sender<Log>) -> JoinHandle<()> {
    let mut feed = connection.membership_feed();
    tokio::spawn(async move {
        let request = WatchMembershipsRequest { cursor: log.borrow().cursor.clone(), ..Default::default() };
        let mut stream = feed.watch_memberships(request).await.unwrap().into_inner();
        while let Ok(Some(message)) = stream.message().await {
            let arrived_at = wall();
            log.send_modify(|log| {
                log.cursor = message.cursor;
                match (message.change, message.told_until) {
                    (Some(change), _) => log.heard.push(heard(change, arrived_at)),
                    (None, Some(until)) => log.alive.push((Micros::from_proto(&until), log.heard.len())),
                    (None, None) => panic!("a keep-alive says until when all was sent"),
                }
            });
        }
    })
}

fn heard(change: MembershipChange, arrived_at: Micros) -> Heard {
    let entered = change.r#type() == MembershipChangeType::Entered;
    let by_time = change.cause() == MembershipChangeCause::Time;
    Heard {
        sequence: change.sequence,
        who: change.identifiers.into_iter().next().map(|identifier| identifier.value).unwrap_or_default(),
        segment: change.segment,
        entered,
        correction: change.correction,
        by_time,
        effective_at: Micros::from_proto(&change.effective_at.unwrap()),
        observed_at: Micros::from_proto(&change.observed_at.unwrap()),
        arrived_at,
    }
}

/// Waits until what was heard is enough.
pub(super) async fn until(log: &Receiver<Log>, what: &str, enough: impl Fn(&Log) -> bool) {
    let since = Instant::now();
    while !enough(&log.borrow()) {
        assert!(since.elapsed() < HANG_MAX, "{what}: {} changes were heard", log.borrow().heard.len());
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until an instant of the wall's clock.
pub(super) async fn wait_until(instant: Micros) {
    let left = u64::try_from(instant.0 - wall().0).unwrap_or_default();
    tokio::time::sleep(Duration::from_micros(left)).await;
}
