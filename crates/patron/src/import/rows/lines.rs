//! Lines of a text, with their numbers; one that is too long or no UTF-8 is a row that cannot be read, not the end.

use std::io::{self, BufRead, BufReader, Read};

use super::{Raw, Row};

/// Longest line, in bytes; four times the largest touchpoint.
pub(crate) const LINE_BYTES_MAX: u64 = 4 << 20;

/// Characters of an unreadable line that are shown.
const SHOWN_CHARS_MAX: usize = 2_000;

/// A reader of lines.
pub(crate) struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    line: u64,
    buffer: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(reader: BufReader<Box<dyn Read + Send>>) -> Self {
        Self { reader, line: 0, buffer: Vec::new() }
    }

    /// Passes lines over.
    pub(crate) fn skip(&mut self, lines: u64) -> io::Result<()> {
        for _ in 0..lines {
            self.advance()?;
        }
        Ok(())
    }

    /// The next line that is not empty, cut into cells by `cells`.
    pub(crate) fn next_row(
        &mut self,
        cells: impl FnOnce(&str) -> Result<Vec<String>, String>,
    ) -> io::Result<Option<Row>> {
        Ok(self.next_line()?.map(|(line, text)| match text {
            Ok(text) => Row { line, cells: cells(&text), raw: Raw::Line(text) },
            Err((what, shown)) => Row { line, cells: Err(what), raw: Raw::Line(shown) },
        }))
    }

    /// Number and text of the next line that is not empty; for one that cannot be read, why, and what can be shown of it.
    #[expect(clippy::type_complexity, reason = "an answer of two parts, taken apart at once")]
    pub(crate) fn next_line(&mut self) -> io::Result<Option<(u64, Result<String, (String, String)>)>> {
        loop {
            if !self.advance()? {
                return Ok(None);
            }
            let whole = !self.too_long();
            self.trim();
            if whole && self.buffer.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let text = if whole { self.text() } else { Err(format!("the line is longer than {LINE_BYTES_MAX} bytes")) };
            let shown = || String::from_utf8_lossy(&self.buffer).chars().take(SHOWN_CHARS_MAX).collect();
            return Ok(Some((self.line, text.map_err(|what| (what, shown())))));
        }
    }

    /// Reads one line into the buffer, or its beginning where it is too long; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let read = (&mut self.reader).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut self.buffer)?;
        self.line += 1;
        if self.too_long() {
            self.pass_over_line()?;
        }
        Ok(read > 0)
    }

    fn too_long(&self) -> bool {
        self.buffer.len() as u64 > LINE_BYTES_MAX && !self.buffer.ends_with(b"\n")
    }

    fn pass_over_line(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.reader.fill_buf()?;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let (count, done) = end.map_or((chunk.len(), chunk.is_empty()), |end| (end + 1, true));
            self.reader.consume(count);
            if done {
                return Ok(());
            }
        }
    }

    /// Takes the end of the line away, and the mark that some programs put before the first.
    fn trim(&mut self) {
        while self.buffer.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            self.buffer.pop();
        }
        if self.line == 1 && self.buffer.starts_with("\u{feff}".as_bytes()) {
            self.buffer.drain(..3);
        }
    }

    fn text(&self) -> Result<String, String> {
        let text = std::str::from_utf8(&self.buffer).map_err(|error| format!("the line is no UTF-8: {error}"))?;
        Ok(text.to_owned())
    }
}
