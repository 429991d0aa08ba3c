//! What an export came to.

use indicatif::HumanBytes;

use super::table::{section, table};
use crate::export::Manifest;

/// Rows, files and bytes of each table, and the offsets covered.
pub fn text(manifest: &Manifest) -> String {
    let mut tables = table(&["table", "rows", "files", "size"]);
    for (name, rows) in &manifest.rows {
        let of_it = || manifest.files.iter().filter(|file| file.table == *name);
        let bytes = of_it().map(|file| file.bytes).sum();
        tables.add_row([name.clone(), rows.to_string(), of_it().count().to_string(), HumanBytes(bytes).to_string()]);
    }
    let mut offsets = table(&["partition", "covered below offset"]);
    for (partition, offset) in &manifest.applied {
        offsets.add_row([partition.to_string(), offset.to_string()]);
    }
    section("Exported", &tables) + &section("Journal", &offsets)
}
