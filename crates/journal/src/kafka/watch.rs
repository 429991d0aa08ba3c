//! Watching that the topic stays the one that was opened.
//!
//! Owns: a look at its id and partitions every few seconds, and the verdict that all parts of the journal ask for. Never:
//! takes a topic back once it was found changed, never takes silence for a change.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::topic::{Cleanup, Severity, TopicFinding, TopicSpec};
use super::{Cluster, topic_id};
use crate::OpenError;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// So many looks in a row must find the topic gone: a broker that has just started may not have heard of it.
const GONE_LOOKS: u32 = 2;

/// The settings are looked at each so many looks.
const SETTINGS_LOOKS: u32 = 12;

/// What was found; empty while the topic is the one that was opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Changed(Arc<OnceLock<String>>);

impl Changed {
    /// The reason to go no further, if there is one.
    pub(super) fn check(&self) -> Result<(), String> {
        self.0.get().cloned().map_or(Ok(()), Err)
    }
}

/// The watch over one topic; ends when dropped.
#[derive(Debug)]
pub(super) struct Watch {
    changed: Changed,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(cluster: Arc<Cluster>, spec: TopicSpec, topic_id: String) -> Result<Self, OpenError> {
        let (changed, stop) = (Changed::default(), Arc::new(AtomicBool::new(false)));
        let (verdict, stopped) = (changed.clone(), stop.clone());
        let name = spec.name.clone();
        let watch = move || {
            let (mut gone, mut looks) = (0, 0);
            loop {
                thread::park_timeout(EVERY);
                if stopped.load(Ordering::Relaxed) || verdict.0.get().is_some() {
                    return;
                }
                looks += 1;
                if looks % SETTINGS_LOOKS == 0 {
                    tell_settings(&cluster, &spec);
                }
                if let Some(reason) = look(&cluster, &spec, &topic_id, &mut gone) {
                    tracing::error!(
                        topic = spec.name,
                        reason,
                        "the journal's topic is no longer the one that was opened"
                    );
                    // Set once; this thread is the only one that sets it.
                    let _ = verdict.0.set(reason);
                }
            }
        };
        let thread = thread::Builder::new().name("journal-watch".to_owned()).spawn(watch);
        let thread = thread.map_err(|source| OpenError::Io { path: name.into(), source })?;
        Ok(Self { changed, stop, thread: Some(thread) })
    }

    pub(super) fn changed(&self) -> Changed {
        self.changed.clone()
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.changed.check()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Not waited for: a question to a cluster that is gone would hold up the end.
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
        }
    }
}

/// Says what would be refused at the next start: what retention cuts from now on is lost to every new state.
fn tell_settings(cluster: &Cluster, spec: &TopicSpec) {
    for TopicFinding { severity, what, remedy } in spec.findings(cluster).ok().flatten().unwrap_or_default() {
        if severity == Severity::Fatal {
            tracing::error!(topic = spec.name, remedy, "the topic {what}");
        }
    }
}

/// What is different now. A cluster that does not answer says nothing.
fn look(cluster: &Cluster, spec: &TopicSpec, topic_id: &str, gone: &mut u32) -> Option<String> {
    let TopicSpec { name: topic, partitions, cleanup, .. } = spec;
    let restart = match cleanup {
        Cleanup::Any => "start patron again, and it is filled anew",
        Cleanup::Keep | Cleanup::Compact => {
            "stop, and start on the journal that the state was folded from, or with another data_dir and another \
             kafka.topic_prefix"
        }
    };
    match topic_id::of(cluster, topic) {
        Ok(Some(id)) if id == topic_id => *gone = 0,
        Ok(Some(id)) => {
            return Some(format!(
                "topic {topic} was deleted and made again: its id was {topic_id}, now {id}; {restart}"
            ));
        }
        Ok(None) => {
            *gone += 1;
            let deleted = format!("topic {topic} was deleted; restore it, or {restart}");
            return (*gone >= GONE_LOOKS).then_some(deleted);
        }
        Err(_) => return None,
    }
    let metadata = cluster.metadata(Some(topic)).ok()?;
    let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none())?;
    let now = found.partitions().len();
    (now != *partitions as usize).then(|| {
        format!(
            "topic {topic} had {partitions} partitions and has {now} now, so keys would move; publish its records anew into \
             a topic of the wanted number of partitions, with another kafka.topic_prefix"
        )
    })
}
