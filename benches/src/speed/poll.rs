//! Reading a topic from Kafka in each way that rdkafka offers, and past it: what a record costs before anybody looks at it.
//!
//! Consumers are assigned their partitions from the beginning; nothing is copied, lengths alone are added up. Never commits.

mod clients;
mod queue;

use std::{cell::RefCell, path::Path, thread};

use anyhow::{Context as _, Result};

use self::clients::{Client, WAYS};
use crate::{
    broker::{self, PARTITIONS, Topic},
    measure::{Figure, measure_spread},
    plan::Plan,
    table::Section,
};

/// Bytes of a record's value: a bare page view, the usual touchpoint, one with many properties.
const SIZES: [usize; 3] = [70, 250, 1_024];

/// All figures of this group; none without brokers.
///
/// # Errors
/// The broker's.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let title = "Polling Kafka";
    let Some(brokers) = &plan.brokers else {
        let note = "Skipped: no brokers are given. `--brokers HOST:PORT` or PATRON_TEST_KAFKA names them.".to_owned();
        return Ok(Section { title, note, figures: Vec::new() });
    };
    let records = plan.records().next_multiple_of(PARTITIONS as usize);
    let mut figures = Vec::new();
    for bytes in SIZES {
        let name = format!("speed-{}-{bytes}", std::process::id());
        let topic = broker::filled(&broker::Plan::topic(brokers, records, bytes), &name)?;
        figures.extend(of_topic(plan, &topic, records as u64, bytes)?);
    }
    let note = format!(
        "{records} records a topic over {PARTITIONS} partitions, zstd, keys of 8 B; one client has all partitions, of two each has \
         half of them and a thread. From the assignment until the last record, clients connected before. Processor time is that of \
         all threads here, librdkafka's too, the broker's not; broker and clients share the cores."
    );
    Ok(Section { title, note, figures })
}

fn of_topic(plan: &Plan, topic: &Topic, records: u64, bytes: usize) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (way, open) in WAYS {
        for clients in [1, 2] {
            let open =
                || (0..clients).map(|client| open(topic, (client..PARTITIONS).step_by(clients as usize))).collect();
            let name = format!("{bytes} B, {way}, {clients} client{}", if clients > 1 { "s" } else { "" });
            let figure = read(plan, &name, records, bytes, open).with_context(|| format!("poll {name}"))?;
            figures.push(figure);
        }
    }
    Ok(figures)
}

type Clients = Vec<Box<dyn Client>>;

/// Reads all records in each pass, by new clients; opening and closing them is not timed.
fn read(plan: &Plan, name: &str, records: u64, bytes: usize, open: impl Fn() -> Result<Clients>) -> Result<Figure> {
    let (done, seen) = (RefCell::new(Clients::new()), RefCell::new(Ok(0)));
    let prepare = || {
        done.borrow_mut().clear();
        open()
    };
    let figure = measure_spread(name, plan.passes(), records, prepare, |clients| {
        let all = clients.and_then(|mut clients| {
            let all = drain(&mut clients, records);
            done.borrow_mut().extend(clients);
            all
        });
        let mut seen = seen.borrow_mut();
        if seen.is_ok() {
            *seen = all;
        }
    });
    let seen = seen.into_inner()?;
    anyhow::ensure!(seen == records * bytes as u64, "{seen} bytes came of {records} records");
    Ok(figure)
}

/// One client in this thread, or each in one of its own; the bytes that came.
fn drain(clients: &mut Clients, records: u64) -> Result<u64> {
    let each = records / clients.len() as u64;
    if let [client] = clients.as_mut_slice() {
        return client.read(each);
    }
    thread::scope(|scope| {
        let readers: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || client.read(each))).collect();
        readers.into_iter().map(|reader| reader.join().expect("a reader ends by itself")).sum()
    })
}
