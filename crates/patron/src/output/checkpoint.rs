//! Checkpoints as tables.

use proto::admin::{Checkpoint, CreateCheckpointResponse, ListCheckpointsResponse};

use super::{
    table::{cut, right, table},
    value,
};

/// Most characters of a digest.
const DIGEST_CHARS_MAX: usize = 16;

/// A checkpoint that was made.
pub fn created(answer: &CreateCheckpointResponse) -> String {
    let checkpoint = answer.checkpoint.clone().unwrap_or_default();
    format!(
        "Checkpoint {}: {} records, {} bytes, digest {}\nTake it back with `patron checkpoint restore {}` while patron is stopped.\n",
        checkpoint.name,
        records(&checkpoint),
        checkpoint.bytes,
        checkpoint.digest,
        checkpoint.name,
    )
}

/// All checkpoints.
pub fn list(answer: &ListCheckpointsResponse) -> String {
    if answer.checkpoints.is_empty() {
        return "No checkpoints; `patron checkpoint create` makes one.\n".to_owned();
    }
    let mut rows = table(&["name", "made", "records", "bytes", "digest", "problem"]);
    for checkpoint in &answer.checkpoints {
        rows.add_row([
            checkpoint.name.clone(),
            value::time(checkpoint.created_at.as_ref()),
            records(checkpoint).to_string(),
            checkpoint.bytes.to_string(),
            cut(&checkpoint.digest, DIGEST_CHARS_MAX),
            checkpoint.problem.clone(),
        ]);
    }
    right(&mut rows, &[2, 3]);
    format!("{}\n", rows.trim_fmt())
}

/// Records of the journal that are folded in it.
fn records(checkpoint: &Checkpoint) -> u64 {
    checkpoint.applied.values().sum()
}
