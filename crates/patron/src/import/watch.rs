//! Watches an import: counts what the server answers, shows the first rejected rows, keeps all of them if asked to.

use std::{collections::BTreeMap, io, time::Duration};

use proto::ingest::{Finding, PublishResult};

use super::{
    feed::{Chunk, Origin},
    rejects::Rejects,
    summary::Summary,
};
use crate::{
    client::{
        publish::{Batch, Observer},
        tally::{add, label},
    },
    output::progress::Progress,
};

/// Rejected rows shown of each reason.
const SHOWN_MAX: u64 = 3;
/// The reason of rows that never went to the server.
const UNREADABLE: &str = "unreadable";

/// The observer of an import.
pub(super) struct Watch {
    progress: Progress,
    rejects: Option<Rejects>,
    summary: Summary,
    shown: BTreeMap<String, u64>,
}

impl Watch {
    pub(super) fn new(progress: Progress, rejects: Option<Rejects>) -> Self {
        Self { progress, rejects, summary: Summary::default(), shown: BTreeMap::new() }
    }

    /// The summary, once nothing more is to come.
    pub(super) fn finish(mut self) -> io::Result<Summary> {
        self.progress.finish();
        if let Some(rejects) = self.rejects {
            rejects.finish()?;
        }
        self.summary.end(self.progress.seconds());
        Ok(self.summary)
    }

    fn reject(&mut self, origin: &Origin, reason: &str, detail: &str) -> io::Result<()> {
        let shown = self.shown.entry(reason.to_owned()).or_default();
        *shown += 1;
        if *shown <= SHOWN_MAX {
            self.progress.say(&format!("{}:{}: {reason}: {detail}", origin.file(), origin.line()));
        }
        if *shown == SHOWN_MAX + 1 {
            self.progress.say(&format!("further rows with {reason} are counted; --rejects FILE keeps them all"));
        }
        self.rejects.as_mut().map_or(Ok(()), |rejects| rejects.write(origin, reason, detail))
    }
}

impl Observer<Chunk> for Watch {
    fn answered(&mut self, batch: Batch<Chunk>, results: Vec<PublishResult>) -> io::Result<()> {
        let chunk = batch.tag;
        self.summary.rows += chunk.rows;
        chunk.skipped.iter().for_each(|reason| add(&mut self.summary.skipped, reason));
        for (origin, what) in &chunk.unfit {
            add(&mut self.summary.tally.rejected, UNREADABLE);
            self.reject(origin, UNREADABLE, what)?;
        }
        for (origin, result) in chunk.origins.iter().zip(&results) {
            if let Some(findings) = self.summary.tally.count(result) {
                let reason = findings.first().map_or_else(|| "no_answer".to_owned(), |finding| label(finding.reason()));
                self.reject(origin, &reason, &detail(findings))?;
            }
        }
        self.progress.advance(chunk.bytes, results.len() as u64);
        Ok(())
    }

    fn waits(&mut self, why: &str, delay: Duration) {
        self.progress.say(&format!("the server is not ready ({why}); trying again in {delay:?}"));
    }
}

fn detail(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{}: {}", finding.field, finding.description)).collect::<Vec<_>>().join("; ")
}
