//! How a command ends: its exit code, and what is said on standard error.

use std::{io, process::ExitCode};

use store::CheckpointError;

use crate::{client::ServerError, output::to_stderr};

/// It failed.
pub(super) const FAILED: u8 = 1;
/// What was asked for is not there. (2, not understood, is clap's.)
pub(super) const NOT_FOUND: u8 = 3;

/// The exit code of a command. A reader that closed the pipe has what it wanted: no error.
pub(super) fn code(result: anyhow::Result<ExitCode>) -> ExitCode {
    let error = match result {
        Ok(code) => return code,
        Err(error) => error,
    };
    match classify(&error) {
        0 => ExitCode::SUCCESS,
        code => {
            to_stderr(&format!("error: {error:#}"));
            ExitCode::from(code)
        }
    }
}

fn classify(error: &anyhow::Error) -> u8 {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    let absent = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<ServerError>().is_some_and(ServerError::is_not_found)
            || matches!(cause.downcast_ref(), Some(CheckpointError::NotFound { .. }))
    };
    if error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(broken)) {
        0
    } else if error.chain().any(absent) {
        NOT_FOUND
    } else {
        FAILED
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Answer;

    #[test]
    fn codes() {
        let not_found = ServerError::Answered(Answer::of_status(&tonic::Status::not_found("nobody")));
        assert_eq!(classify(&anyhow::Error::new(not_found).context("asking")), NOT_FOUND);
        assert_eq!(classify(&io::Error::from(io::ErrorKind::BrokenPipe).into()), 0);
        assert_eq!(classify(&anyhow::anyhow!("no")), FAILED);
    }
}
