//! What it costs to make an append durable: write and fdatasync of small and large pieces.

use std::{fs::File, io::Write, path::Path};

use anyhow::Result;

use crate::{
    measure::{Figure, measure},
    plan::Plan,
    table::Section,
};

/// All figures of this group.
///
/// # Errors
/// The disk's.
pub fn section(plan: &Plan, dir: &Path) -> Result<Section> {
    let figures = vec![append(plan, dir, 4 << 10)?, append(plan, dir, 256 << 10)?];
    Ok(Section { title: "Durable append", note: "One file, each piece written and then synced.".into(), figures })
}

fn append(plan: &Plan, dir: &Path, piece_bytes: usize) -> Result<Figure> {
    let mut file = File::create(dir.join(format!("append-{piece_bytes}")))?;
    let (piece, times) = (vec![0xa5; piece_bytes], if plan.quick { 20 } else { 200 });
    let name = format!("append of {} KiB and fdatasync", piece_bytes >> 10);
    Ok(measure(&name, plan.passes(), times, || {
        for _ in 0..times {
            file.write_all(&piece).and_then(|()| file.sync_data()).expect("the disk takes it");
        }
    }))
}
