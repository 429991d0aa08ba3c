"""Ours alone, at ten times the customers: the fold of a topic, a campaign to whom all come equally often on top of it, all of it folded
anew from the topic beside the live state, and a count over all customers beside DuckDB and chDB. Customers come by episodes of about
five touchpoints, so that only some of them are seen.

There is no peer whose customers these could be held against: the state is held against the one that is folded anew, in another order and
by other code, and the count against DuckDB's over the exported customers.
"""

import json
import shutil
import time

import counts
import folds
import machine
import services
import table
import workload

# Episodes of the first set have lower numbers.
CAMPAIGN = ["--uniform", "--start", "2026-05-25T00:00:00Z", "--first-episode", 1 << 40]
CAMPAIGN_DAYS = 7
LOOK_SECONDS = 0.2
CROWD = "large"


class Alone(folds.Patron):
    """A projector over one state in all steps, with nobody to be compared with."""

    def __init__(self, plan, kafka):
        super().__init__(plan, kafka, CROWD, CROWD)
        self.state = CROWD

    def compared(self):
        return {"customers_that_differ": None, "state": self.state}


def steps(plan, kafka):
    """All steps by their names, in the order in which they build on each other."""
    campaign = plan.touchpoints // 2
    leaving = {
        "large-workload": lambda: workload.send(plan, kafka, CROWD, plan.touchpoints),
        "large-fold": lambda: folds.measured(Alone(plan, kafka)),
        "large-campaign-workload": lambda: workload.send(plan, kafka, CROWD, campaign, *CAMPAIGN, days=CAMPAIGN_DAYS),
        "large-campaign": lambda: folds.measured(Alone(plan, kafka), before=plan.touchpoints),
    }
    return {
        **{name: once(plan, name, do) for name, do in leaving.items()},
        "large-consumer": lambda: folds.consumed(plan, kafka, CROWD),
        "large-counts": lambda: counted(plan, kafka),
        "large-rebuild": lambda: rebuilt(plan, kafka),
    }


def once(plan, name, do):
    """A step that leaves something behind where it is broken off: then the run has to begin anew."""

    def step():
        begun = plan.path("begun", name)
        if begun.exists():
            raise SystemExit(f"{name} was broken off and cannot go on; begin with --again")
        begun.touch()
        return do()

    return step


def counted(plan, kafka):
    with services.standing(plan, kafka, CROWD, CROWD) as (_, server):
        out = plan.path("exports", CROWD)
        shutil.rmtree(out, ignore_errors=True)
        machine.run([plan.patron, "export", "--include", "customers", "--to", out, "--server", server])
    return counts.measure(plan, kafka, CROWD, CROWD)


def rebuilt(plan, kafka):
    """Folds the whole topic anew beside the live state, which then has nothing to do, and compares all customers."""
    with services.standing(plan, kafka, CROWD, CROWD) as (process, server):
        ask = lambda *words: json.loads(machine.run([plan.patron, "rebuild", *words, "--server", server, "--output", "json"]))
        # Of a run that was broken off.
        if "building" in ask("status")["rebuild"]:
            ask("abort")
        began, cpu = time.monotonic(), machine.usage(process.pid)["cpu"]
        ask("start")
        while True:
            seconds = time.monotonic() - began
            status = ask("status")["rebuild"]
            if int(status["building"].get("lag", 0)) == 0 and not status.get("endUnknown"):
                break
            time.sleep(LOOK_SECONDS)
        cpu = machine.usage(process.pid)["cpu"] - cpu
        memory = machine.peak_memory(process.pid)
        diff = ask("diff")
    total, customers = int(status["recordsTotal"]), int(diff["liveCustomers"])
    # Customers of either that are not the same in the other.
    apart = customers + int(diff["otherCustomers"]) - 2 * int(diff["same"])
    rates = {"touchpoints_per_second": total / seconds, "cpu_us": cpu / total * 1e6, "peak_memory": memory}
    return {"touchpoints": total, "seconds": seconds, **rates, "customers": customers, "customers_that_differ": apart}


def tables(of):
    """Ratios of this run, and its figures."""
    rate = lambda step: table.rate(of(step))
    counted = lambda who: table.counted(of, who, "large-counts")
    rows = [
        ("uniform campaign ÷ Zipf", rate("large-campaign"), rate("large-fold"), "0.45", "0.60"),
        ("folded anew ÷ live fold", rate("large-rebuild"), rate("large-fold"), "1.8", "3"),
        ("folded anew ÷ bare consumer", rate("large-rebuild"), of("large-consumer")["touchpoints_per_second"], "0.20", "0.45"),
        ("count of five predicates, DuckDB ÷ ours, seconds", counted("duckdb"), counted("patron"), "15", "40"),
        ("the same, chDB's bitmaps", counted("chdb-bitmaps"), counted("patron"), "2", "6"),
    ]
    ratios = ([name, table.figure(table.over(left, right)), floor, aim] for name, left, right, floor, aim in rows)
    yield table.lines(["ratio", "this run", "floor", "aim"], ratios)
    yield table.folds(of, ["large-fold", "large-campaign", "large-rebuild", "large-consumer"])
    yield table.counts(of, "large-counts")
