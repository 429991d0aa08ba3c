//! The values of one column that wait for their row group.

use parquet::{
    data_type::{BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type},
    errors::ParquetError,
    file::writer::SerializedColumnWriter,
};

/// What a text or a sum takes in memory beside its bytes, about.
const VALUE_BYTES: u64 = 48;

/// Values, and for each row whether it has one.
pub(super) struct Buffer {
    values: Values,
    /// Definition levels: 1 where there is a value, 0 where there is none.
    levels: Vec<i16>,
}

enum Values {
    Texts(Vec<ByteArray>),
    Numbers(Vec<i64>),
    Sums(Vec<FixedLenByteArray>),
    Flags(Vec<bool>),
}

impl Buffer {
    pub(super) fn texts() -> Self {
        Self { values: Values::Texts(Vec::new()), levels: Vec::new() }
    }

    pub(super) fn numbers() -> Self {
        Self { values: Values::Numbers(Vec::new()), levels: Vec::new() }
    }

    pub(super) fn sums() -> Self {
        Self { values: Values::Sums(Vec::new()), levels: Vec::new() }
    }

    pub(super) fn flags() -> Self {
        Self { values: Values::Flags(Vec::new()), levels: Vec::new() }
    }

    /// Adds a text or nothing; as all that add, says how many bytes more the buffer holds.
    pub(super) fn text(&mut self, value: Option<Vec<u8>>) -> u64 {
        let bytes = value.as_ref().map_or(0, |text| text.len() as u64 + VALUE_BYTES);
        if let (Values::Texts(values), Some(value)) = (&mut self.values, value) {
            values.push(value.into());
        }
        self.level(bytes)
    }

    pub(super) fn number(&mut self, value: Option<i64>) -> u64 {
        let bytes = value.map_or(0, |_| 8);
        if let Values::Numbers(values) = &mut self.values {
            values.extend(value);
        }
        self.level(bytes)
    }

    /// Big-endian two's complement, as Parquet has it for decimals.
    pub(super) fn sum(&mut self, value: Option<i128>) -> u64 {
        let bytes = value.map_or(0, |_| 16 + VALUE_BYTES);
        if let Values::Sums(values) = &mut self.values {
            values.extend(value.map(|value| FixedLenByteArray::from(value.to_be_bytes().to_vec())));
        }
        self.level(bytes)
    }

    pub(super) fn flag(&mut self, value: bool) -> u64 {
        if let Values::Flags(values) = &mut self.values {
            values.push(value);
        }
        self.level(1)
    }

    /// Writes all values as a chunk of the column.
    pub(super) fn write(&self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = Some(self.levels.as_slice());
        let written = match &self.values {
            Values::Texts(values) => column.typed::<ByteArrayType>().write_batch(values, levels, None),
            Values::Numbers(values) => column.typed::<Int64Type>().write_batch(values, levels, None),
            Values::Sums(values) => column.typed::<FixedLenByteArrayType>().write_batch(values, levels, None),
            Values::Flags(values) => column.typed::<BoolType>().write_batch(values, levels, None),
        };
        written.map(drop)
    }

    pub(super) fn clear(&mut self) {
        self.levels.clear();
        match &mut self.values {
            Values::Texts(values) => values.clear(),
            Values::Numbers(values) => values.clear(),
            Values::Sums(values) => values.clear(),
            Values::Flags(values) => values.clear(),
        }
    }

    fn level(&mut self, bytes: u64) -> u64 {
        self.levels.push(i16::from(bytes > 0));
        bytes + 2
    }
}
