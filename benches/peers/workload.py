"""The touchpoints: generated, published through Patron's front door into Kafka, and what must come of them."""

import time

import machine
import reference
import services
from plan import DAYS


def publish(plan, kafka, crowd):
    """Fills the topic of a crowd, `zipf` or `uniform`."""
    kafka.delete_topics(f"{crowd}-.*")
    generate = [plan.patron, "generate", "--user-id-alone", "--days", DAYS, "--customers", plan.customers]
    generate += ["--touchpoints", plan.touchpoints, *(["--uniform"] if crowd == "uniform" else [])]
    lines = plan.path("generated", f"{crowd}.ndjson")
    machine.run([*generate, "--to", lines])
    made = reference.make(plan, crowd, lines)
    lines.unlink()
    ingest, server = services.patron(plan, kafka, "ingest", crowd)
    with ingest:
        while not services.succeeds([plan.patron, "dead-letters", "list", "--server", server]):
            time.sleep(0.1)
        began = time.monotonic()
        machine.run([*generate, "--server", server])
    return {**made, "publish_seconds": round(time.monotonic() - began, 1)}
