//! The columns of a table: what each is called, of which type it is, and how it is read from a row.

use std::sync::Arc;

use parquet::schema::{parser::parse_message_type, types::TypePtr};
use types::{Decimal, ExactSum, Micros};

use super::buffer::Buffer;

/// A column of a table with rows `R`. Every column may have no value.
pub(super) struct Column<R>(pub(super) &'static str, pub(super) Read<R>);

/// How a column is read from a row, and so its type.
pub(super) enum Read<R> {
    /// Text, UTF-8.
    Text(fn(&R) -> Option<&str>),
    /// Text that is made for the column: JSON, names of enums.
    Made(fn(&R) -> Option<String>),
    /// TIMESTAMP in microseconds, UTC.
    Time(fn(&R) -> Option<Micros>),
    /// A 64-bit number.
    Integer(fn(&R) -> Option<i64>),
    /// DECIMAL(18,6): amounts and quantities as they were published.
    Amount(fn(&R) -> Option<Decimal>),
    /// DECIMAL(18,9): seconds, given in nanoseconds.
    Seconds(fn(&R) -> Option<i64>),
    /// DECIMAL(38,9): sums, given in units of 10^-9.
    Sum(fn(&R) -> Option<i128>),
    /// DECIMAL(38,12): price × quantity.
    Product(fn(&R) -> Option<ExactSum>),
    /// Yes or no.
    Flag(fn(&R) -> bool),
}

impl<R> Column<R> {
    /// An empty buffer for values of this column.
    pub(super) fn buffer(&self) -> Buffer {
        match self.1 {
            Read::Text(_) | Read::Made(_) => Buffer::texts(),
            Read::Time(_) | Read::Integer(_) | Read::Amount(_) | Read::Seconds(_) => Buffer::numbers(),
            Read::Sum(_) | Read::Product(_) => Buffer::sums(),
            Read::Flag(_) => Buffer::flags(),
        }
    }

    /// Adds a row's value to the column's buffer; how many bytes more it holds.
    pub(super) fn read_into(&self, row: &R, buffer: &mut Buffer) -> u64 {
        match self.1 {
            Read::Text(read) => buffer.text(read(row).map(|text| text.as_bytes().to_vec())),
            Read::Made(read) => buffer.text(read(row).map(String::into_bytes)),
            Read::Time(read) => buffer.number(read(row).map(|instant| instant.0)),
            Read::Integer(read) | Read::Seconds(read) => buffer.number(read(row)),
            Read::Amount(read) => buffer.number(read(row).map(|amount| amount.0)),
            Read::Sum(read) => buffer.sum(read(row)),
            Read::Product(read) => buffer.sum(read(row).map(|product| product.0)),
            Read::Flag(read) => buffer.flag(read(row)),
        }
    }

    /// As Parquet's schema language has it.
    fn declaration(&self) -> String {
        let (physical, logical) = match self.1 {
            Read::Text(_) | Read::Made(_) => ("BYTE_ARRAY", " (STRING)"),
            Read::Time(_) => ("INT64", " (TIMESTAMP(MICROS,true))"),
            Read::Integer(_) => ("INT64", ""),
            Read::Amount(_) => ("INT64", " (DECIMAL(18,6))"),
            Read::Seconds(_) => ("INT64", " (DECIMAL(18,9))"),
            Read::Sum(_) => ("FIXED_LEN_BYTE_ARRAY (16)", " (DECIMAL(38,9))"),
            Read::Product(_) => ("FIXED_LEN_BYTE_ARRAY (16)", " (DECIMAL(38,12))"),
            Read::Flag(_) => ("BOOLEAN", ""),
        };
        format!("OPTIONAL {physical} {}{logical};", self.0)
    }
}

/// The schema of a table.
pub(super) fn schema<R>(table: &str, columns: &[Column<R>]) -> TypePtr {
    let columns: Vec<String> = columns.iter().map(Column::declaration).collect();
    let text = format!("message {table} {{ {} }}", columns.join(" "));
    Arc::new(parse_message_type(&text).expect("the columns are constants, which a test writes"))
}
