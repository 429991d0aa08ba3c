"""Patron side by side with Kafka Streams, PostgreSQL, DuckDB, chDB and Redis, on one machine, over the same touchpoints.

Each step's result is kept; the next call goes on with the first that is missing. When all are there, the data are deleted.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import counts
import everybody
import folds
import large
import lookups
import machine
import postgres
import services
import table
import workload
from plan import Plan

FOLDS = ["streams-same-work", "streams-best-case", "patron-zipf", "patron-uniform", "patron-unsynced", "postgres", "consumer"]
# Customers, touchpoints, gigabytes of disk.
SIZES = {"short": (100_000, 500_000, 4), "full": (1_000_000, 5_000_000, 30), "large": (10_000_000, 20_000_000, 35), "everybody": (10_000_000, 14_500_000, 20)}
KILLS = ["streams-killed", "streams-killed-transactional", "patron-killed"]


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench peers", description=__doc__.splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="1 M customers and 5 M touchpoints, up to an hour; else a tenth")
    size.add_argument("--large", action="store_true", help="ours alone: 10 M customers, 20 M touchpoints and a campaign of 10 M")
    size.add_argument("--everybody", action="store_true", help="a count over 10 M customers, every one of whom was seen, beside DuckDB and chDB")
    parser.add_argument("--dir", type=Path, help="folder for data and results; default one of the system's temporary folder")
    parser.add_argument("--again", action="store_true", help="forget the results that are there")
    return parser.parse_args()


def plan_of(args):
    name = next((name for name in ("full", "large", "everybody") if getattr(args, name)), "short")
    folder = args.dir or Path(tempfile.gettempdir()) / f"patron-peers-{name}"
    return Plan(name, *SIZES[name], folder.absolute())


def steps(plan, kafka):
    """All steps by their names, in the order in which they build on each other."""
    if plan.name == "large":
        return large.steps(plan, kafka)
    if plan.name == "everybody":
        return everybody.steps(plan, kafka)
    streams = lambda work, **more: folds.KafkaStreams(plan, kafka, "zipf", work, **more)
    patron = lambda state, crowd="zipf", **env: folds.Patron(plan, kafka, crowd, state, env=env)
    return {
        "workload-zipf": lambda: workload.publish(plan, kafka, "zipf"),
        "consumer": lambda: folds.consumed(plan, kafka),
        "streams-same-work": lambda: folds.measured(streams("same-work")),
        "patron-zipf": lambda: folds.measured(patron("zipf")),
        "streams-best-case": lambda: folds.measured(streams("best-case")),
        "streams-killed": lambda: folds.killed(streams("same-work")),
        "streams-killed-transactional": lambda: folds.killed(streams("same-work", enable__transactional__statestores="true")),
        "patron-killed": lambda: folds.killed(patron("killed")),
        "patron-unsynced": lambda: folds.measured(patron("unsynced", PATRON_STORE_SYNC="false")),
        "lookups": lambda: lookups.measure(plan, kafka),
        "counts": lambda: counts.measure(plan, kafka, "zipf", plan.result("patron-zipf")["state"]),
        "postgres": lambda: postgres.measure(plan),
        "workload-uniform": lambda: workload.publish(plan, kafka, "uniform"),
        "patron-uniform": lambda: folds.measured(patron("uniform", "uniform")),
    }


def report(plan):
    lines = [f"{plan.customers:,} customers, {plan.touchpoints:,} touchpoints; {os.cpu_count()} cores; "]
    lines[0] += f"load at the end {os.getloadavg()[0]:.1f}; {time.strftime('%d %B %Y')}."
    of = plan.result
    for part in {"large": large.tables, "everybody": everybody.tables}.get(plan.name, tables)(of):
        lines += ["", *part]
    text = "\n".join(lines) + "\n"
    (plan.folder / "table.md").write_text(text)
    print(f"\n{text}\nkept in {plan.folder}/table.md; each step's figures in {plan.folder}/results")


def tables(of):
    return [table.ratios(of), table.folds(of, FOLDS), table.kills(of, KILLS), table.lookups(of), table.counts(of)]


def main():
    # So that what was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    args = arguments()
    plan = plan_of(args)
    if args.again:
        shutil.rmtree(plan.folder, ignore_errors=True)
    plan.folder.mkdir(parents=True, exist_ok=True)
    if not all(plan.result(name) for name in steps(plan, None)):
        machine.need_disk(plan.folder, plan.gigabytes)
        with services.Kafka(plan) as kafka:
            for name, do in steps(plan, kafka).items():
                plan.step(name, do)
        shutil.rmtree(plan.data)
    report(plan)


if __name__ == "__main__":
    main()
