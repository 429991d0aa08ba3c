//! The `patron` program; all of it lies in the library.
#![forbid(unsafe_code)]

/// A fifth of the fold's processor time goes into memory with the system's allocator (`benches/README.md`); RocksDB keeps that one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    patron::cli::main()
}
