//! How much of a state lies on disk, and how much of that every look needs in memory.

use rocksdb::properties::{AGGREGATED_TABLE_PROPERTIES, PropName, TOTAL_SST_FILES_SIZE};

use crate::{
    family::{self, Shape},
    open::Store,
};

impl Store {
    /// Bytes of all files of the state.
    pub fn live_bytes(&self) -> u64 {
        self.sum(TOTAL_SST_FILES_SIZE, |bytes| bytes.parse().ok())
    }

    /// Bytes of filters and indexes in all files. The block cache must have room for them, or most looks read and check them anew.
    pub fn index_bytes(&self) -> u64 {
        self.sum(AGGREGATED_TABLE_PROPERTIES, |properties| Some(properties.split(';').filter_map(index_bytes).sum()))
    }

    /// Bytes that the block cache holds at most.
    pub fn cache_bytes(&self) -> usize {
        self.settings.cache.bytes()
    }

    /// A property, read by `read`, over all families.
    fn sum(&self, property: &PropName, read: impl Fn(&str) -> Option<u64>) -> u64 {
        let size = |shape: &Shape| {
            let family = self.db.cf_handle(shape.name)?;
            self.db.property_value_cf(&family, property).ok().flatten().and_then(|value| read(&value))
        };
        family::ALL.iter().filter_map(size).sum()
    }
}

/// What a property such as `filter block size=17` adds: of other properties nothing.
fn index_bytes(property: &str) -> Option<u64> {
    let (name, value) = property.rsplit_once('=')?;
    let counts = ["filter block size", "index block size"].iter().any(|kind| name.trim().starts_with(kind));
    if counts { value.trim().parse().ok() } else { None }
}
