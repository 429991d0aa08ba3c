"""The touchpoints: generated, published through Patron's front door into Kafka, and what must come of them."""

import time

import machine
import reference
import services
from plan import DAYS


def publish(plan, kafka, crowd):
    """Fills the topic of a crowd, `zipf` or `uniform`, and works out what must come of it."""
    kafka.delete_topics(f"{crowd}-.*")
    words = ["--uniform"] if crowd == "uniform" else []
    lines = plan.path("generated", f"{crowd}.ndjson")
    machine.run([*generate(plan, plan.touchpoints, *words), "--to", lines])
    made = reference.make(plan, crowd, lines)
    lines.unlink()
    return {**made, **send(plan, kafka, crowd, plan.touchpoints, *words)}


def generate(plan, touchpoints, *words, days=DAYS):
    command = [plan.patron, "generate", "--user-id-alone", "--days", days, "--customers", plan.customers]
    return [*command, "--touchpoints", touchpoints, *words]


def send(plan, kafka, crowd, touchpoints, *words, days=DAYS):
    """Adds generated touchpoints to the topic of a crowd."""
    ingest, server = services.patron(plan, kafka, "ingest", crowd)
    with ingest:
        services.await_answer(plan, server)
        began = time.monotonic()
        machine.run([*generate(plan, touchpoints, *words, days=days), "--server", server])
    return {"publish_seconds": round(time.monotonic() - began, 1)}
