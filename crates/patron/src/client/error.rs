//! What can go wrong with a server, in the words of whoever called it.

use super::Answer;

/// Why a server gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is no URL.
    #[error("`{url}` is no server address: {cause}; write one such as http://127.0.0.1:7700")]
    BadUrl {
        /// The address.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Nothing answers there, or it stopped answering.
    #[error(
        "no server answers at {url}: {cause}\n  \
         Is it running? Start one with `patron up`, or name another with --server or PATRON_SERVER."
    )]
    Unreachable {
        /// The address.
        url: String,
        /// What the network said.
        cause: String,
    },
    /// It answered with an error.
    #[error("{0}")]
    Answered(Answer),
}

impl ServerError {
    /// The error of a status that came from, or on the way from, the server at `url`.
    pub(super) fn of_status(url: &str, status: &tonic::Status) -> Self {
        match std::error::Error::source(status) {
            Some(cause) => Self::Unreachable { url: url.to_owned(), cause: chain(cause) },
            None => Self::Answered(Answer::of_status(status)),
        }
    }

    /// Whether the server says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Answered(answer) if answer.code == tonic::Code::NotFound)
    }
}

/// An error and its causes in one line, without repeats.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
