//! Waiting for an append on a thread that may block.
//!
//! Owns: the one place where a future is driven without a runtime. Never: for a runtime's own threads, which it would starve.

/// Waits for `future` on this thread: one of our own, or one that a runtime keeps for blocking work. What a journal's futures
/// wait for is done by other threads, so none of them needs a runtime to go on.
#[expect(clippy::disallowed_methods, reason = "the callers are threads that may block")]
pub fn wait<F: Future>(future: F) -> F::Output {
    futures::executor::block_on(future)
}
