//! The floor L: of each step that the work needs the fastest row of this run, one after the other.
//!
//! Owns which steps those are. Measures nothing itself: it reads the rows that were printed above it.

use crate::{
    measure::Figure,
    plan::Plan,
    table::{Section, nanos, rate},
};

/// A step, and the rows that do it: the group, how their names begin and what they hold.
struct Step {
    name: &'static str,
    rows: &'static [(&'static str, &'static str, &'static str)],
}

const POLL: Step = Step { name: "poll a record of 250 B", rows: &[("poll", "250 B", ", 1 client")] };
const DECODE: Step =
    Step { name: "decode envelope and touchpoint", rows: &[("codec", "protobuf decode", ""), ("readers", "", "")] };
const COPY_KEY: Step = Step { name: "copy key", rows: &[("codec", "BLAKE3 copy key", "")] };
const COPY_CHECK: Step = Step { name: "copy check, absent, from memory", rows: &[("copies", "bloom, absent", "")] };
const FOLD: Step = Step {
    name: "fold in memory, uniform",
    rows: &[("fold", "hashbrown", "uniform"), ("slab", "slab of STATES M", "uniform")],
};
const COMMIT: Step =
    Step { name: "commit of everything, sorted, synced", rows: &[("timeline", "whole commit, sorted", "sync")] };
const COMMIT_COALESCED: Step = Step {
    name: "commit of timeline and copies, sorted, synced",
    rows: &[("timeline", "timeline and copies, sorted, sync", "")],
};
const SORT: Step = Step { name: "sort rows by key", rows: &[("sst", "sort", "")] };
const TIMELINE_FILES: Step =
    Step { name: "timeline row into a sorted file", rows: &[("sst", "SstFileWriter, sorted rows", "")] };
const COPY_FILES: Step = Step { name: "copy row into a sorted file", rows: &[("sst", "SstFileWriter, copy rows", "")] };
const INGEST: Step = Step { name: "ingest the files", rows: &[("sst", "ingest", "")] };

const PATHS: [(&str, &[Step]); 3] = [
    ("live fold, every touchpoint another fragment", &[POLL, DECODE, COPY_KEY, COPY_CHECK, FOLD, COMMIT]),
    ("live fold, all states coalesced", &[POLL, DECODE, COPY_KEY, COPY_CHECK, FOLD, COMMIT_COALESCED]),
    ("replay into sorted files", &[POLL, DECODE, COPY_KEY, SORT, FOLD, TIMELINE_FILES, COPY_FILES, INGEST]),
];

/// Prints L of each path over the groups that were measured; nothing where none of its steps was.
pub fn print(plan: &Plan, measured: &[(&str, Section)]) {
    println!("### The floor L\n\n{NOTE}\n");
    for (path, steps) in PATHS {
        let best = steps.iter().map(|step| (step, step.best(plan, measured)));
        let (found, lacking): (Vec<_>, Vec<_>) = best.partition(|(_, row)| row.is_some());
        let found: Vec<(&Step, &Figure)> = found.into_iter().filter_map(|(step, row)| Some((step, row?))).collect();
        if found.is_empty() {
            continue;
        }
        println!("| {path} | the fastest row | ns a touchpoint | CPU ns |\n|---|---|---:|---:|");
        for (step, row) in &found {
            println!("| {} | {} | {} | {} |", step.name, row.name, nanos(row.wall.median), nanos(row.cpu_nanos));
        }
        let wall: f64 = found.iter().map(|(_, row)| row.wall.median).sum();
        let cpu: f64 = found.iter().map(|(_, row)| row.cpu_nanos).sum();
        println!("| **L** | {} a second | **{}** | **{}** |\n", rate(1e9 / wall), nanos(wall), nanos(cpu));
        let lacking: Vec<&str> = lacking.iter().map(|(step, _)| step.name).collect();
        if !lacking.is_empty() {
            println!("This sum is less than L, for these were not measured: {}.\n", lacking.join("; "));
        }
    }
}

const NOTE: &str = "Of each step the row with the least wall time of this run, summed as if one thread did one after the other. \
                    Processor time is that of the thread, of poll with librdkafka's own. Not in it: hashes of identifiers and content, \
                    identity, what RocksDB's threads do, reading states that are not in memory; of the replay, the files of states.";

impl Step {
    fn best<'a>(&self, plan: &Plan, measured: &'a [(&str, Section)]) -> Option<&'a Figure> {
        let states = format!("slab of {} M", plan.customers() as f64 / 1e6);
        let does = |group: &str, figure: &Figure| {
            self.rows.iter().any(|(of, start, part)| {
                let start = if *start == "slab of STATES M" { states.as_str() } else { start };
                group == *of && figure.name.starts_with(start) && figure.name.contains(part)
            })
        };
        let rows =
            measured.iter().flat_map(|(group, section)| section.figures.iter().map(move |figure| (*group, figure)));
        let fitting = rows.filter(|(group, figure)| does(group, figure)).map(|(_, figure)| figure);
        fitting.min_by(|one, other| one.wall.median.total_cmp(&other.wall.median))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::measure::Spread;

    #[test]
    fn the_fastest_row_of_the_right_group_counts() {
        let figure = |name: &str, median| Figure {
            name: name.to_owned(),
            wall: Spread { median, ..Spread::default() },
            cpu_nanos: median,
            remark: String::new(),
        };
        let section = |figures| Section { title: "", note: String::new(), figures };
        let measured = [
            ("fold", section(vec![figure("hashbrown: uniform access", 9.0), figure("hashbrown: Zipf access", 1.0)])),
            (
                "slab",
                section(vec![figure("slab of 1 M, keys: uniform", 7.0), figure("slab of 10 M, keys: uniform", 2.0)]),
            ),
        ];
        let plan = Plan::parse_from(["test"]);
        assert_eq!(FOLD.best(&plan, &measured).map(|figure| figure.wall.median), Some(7.0));
        assert!(POLL.best(&plan, &measured).is_none());
    }
}
