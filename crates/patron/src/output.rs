//! What commands print: tables for people, canonical protobuf JSON for programs.
//!
//! Owns the only way to standard output. Never asks a server for anything.

use std::io::{self, IsTerminal as _, Write};

use proto::json::{self, Named};

pub mod admin;
pub mod checkpoint;
pub mod customer;
pub mod dead_letters;
pub mod definitions;
pub mod doctor;
pub mod explanation;
pub mod export;
pub mod identity_changes;
pub mod progress;
pub mod rebuild;
pub mod segment;
mod table;
pub mod timeline;
pub mod value;
pub mod verify;

#[cfg(test)]
mod tests;

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Tables for people.
    #[default]
    Table,
    /// Canonical protobuf JSON of the whole answer, indented; a stream is an array.
    Json,
    /// Canonical protobuf JSON, one message a line.
    Ndjson,
}

/// Where and in which form a command prints.
pub struct Output {
    format: Format,
    out: Box<dyn Write>,
    /// Messages of a list so far.
    listed: u64,
}

impl Output {
    /// Standard output: line by line on a terminal, buffered elsewhere.
    pub fn stdout(format: Format) -> Self {
        let out = io::stdout();
        if out.is_terminal() {
            Self::to(format, Box::new(out))
        } else {
            Self::to(format, Box::new(io::BufWriter::new(out)))
        }
    }

    /// Any writer.
    pub fn to(format: Format, out: Box<dyn Write>) -> Self {
        Self { format, out, listed: 0 }
    }

    /// The form.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Prints an answer of one message.
    ///
    /// # Errors
    /// Those of the writer; so everywhere here.
    pub fn answer<M: Named>(&mut self, message: &M, table: impl FnOnce(&M) -> String) -> io::Result<()> {
        match self.format {
            Format::Table => self.out.write_all(table(message).as_bytes())?,
            Format::Json => writeln!(self.out, "{}", pretty(message, ""))?,
            Format::Ndjson => writeln!(self.out, "{}", json::to_line(message))?,
        }
        self.out.flush()
    }

    /// Begins a list; `head` is printed above a table.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn begin_list(&mut self, head: &str) -> io::Result<()> {
        self.listed = 0;
        match self.format {
            Format::Table => writeln!(self.out, "{head}"),
            Format::Json => write!(self.out, "["),
            Format::Ndjson => Ok(()),
        }
    }

    /// Prints one message of a list; `row` is its line of the table.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn item<M: Named>(&mut self, message: &M, row: impl FnOnce(&M) -> String) -> io::Result<()> {
        self.listed += 1;
        match self.format {
            Format::Table => writeln!(self.out, "{}", row(message)),
            Format::Json => write!(self.out, "{}\n  {}", if self.listed > 1 { "," } else { "" }, pretty(message, "  ")),
            Format::Ndjson => writeln!(self.out, "{}", json::to_line(message)),
        }
    }

    /// Ends a list; `foot` is printed below a table unless it is empty.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end_list(&mut self, foot: &str) -> io::Result<()> {
        match self.format {
            Format::Table if foot.is_empty() => {}
            Format::Table => writeln!(self.out, "{foot}")?,
            Format::Json => writeln!(self.out, "{}]", if self.listed > 0 { "\n" } else { "" })?,
            Format::Ndjson => {}
        }
        self.out.flush()
    }

    /// Prints a text as it is.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Hands on what is buffered.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes one line to standard error: progress, warnings, errors.
pub fn to_stderr(line: &str) {
    // Nobody can be told that standard error is closed.
    let _unheard = writeln!(io::stderr().lock(), "{line}");
}

fn pretty<M: Named>(message: &M, indent: &str) -> String {
    format!("{:#}", json::to_value(message)).replace('\n', &format!("\n{indent}"))
}
