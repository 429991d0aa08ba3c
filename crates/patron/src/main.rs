//! The `patron` program; all of it lies in the library.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    patron::cli::main()
}
