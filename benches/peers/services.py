"""Kafka and Patron's processes, on loopback, each ended by whoever started it."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager

import machine
from plan import AS_OF


# A broker for load, where tests want one that starts quickly.
BROKER = {"PATRON_KAFKA_HEAP": "-Xms1g -Xmx1g -XX:TieredStopAtLevel=4"}


class Kafka:
    """The one broker of a run; its data stay until the run is over."""

    def __init__(self, plan):
        self.script = plan.root / "deploy" / "kafka" / "kafka.sh"
        self.dir = plan.path("kafka", "cluster")

    def call(self, *words):
        return machine.run([self.script, words[0], "--dir", self.dir, *words[1:]], env={**os.environ, **BROKER})

    def __enter__(self):
        self.brokers = self.call("up").splitlines()[-1]
        self.pid = int(self.call("status").split()[1])
        return self

    def __exit__(self, *_):
        self.call("down")

    def delete_topics(self, pattern):
        self.call("topics", "--", "--delete", "--topic", pattern, "--if-exists")


def patron(plan, kafka, role, crowd, *words, env=None):
    """A process of Patron around the topics of one crowd, with its defaults; and its gRPC address."""
    address = f"127.0.0.1:{machine.free_port()}"
    command = [plan.patron, role, "--kafka", kafka.brokers, "--grpc-addr", address, "--http-addr", "127.0.0.1:0", *words]
    settings = {"PATRON_KAFKA_TOPIC_PREFIX": f"{crowd}-", "PATRON_LOG_FILTER": "warn", **(env or {})}
    return machine.Process(command, plan.path("logs", f"patron-{role}-{crowd}.log"), env=settings), f"http://{address}"


def projector(plan, kafka, crowd, state, env=None):
    """A projector over a data directory."""
    words = ["--data-dir", plan.path("patron", state), "--clock", f"fixed:{AS_OF}"]
    return patron(plan, kafka, "projector", crowd, *words, env=env)


@contextmanager
def watching(plan, server):
    """The lines by which a projector says how far it is."""
    probe = machine.Process([plan.probe, "watch", "--server", server], plan.path("logs", "watch.log"), read=True)
    try:
        yield probe.lines()
    finally:
        if probe.child.poll() is None:
            probe.end(signal.SIGKILL)


@contextmanager
def standing(plan, kafka, crowd, state, env=None):
    """A projector that has caught up; its address."""
    process, server = projector(plan, kafka, crowd, state, env=env)
    with process, watching(plan, server) as lines:
        await_word(lines, "caught-up")
        yield process, server


def await_word(lines, wanted):
    """The instant at which a word came."""
    for at, words in lines:
        if words[0] == wanted:
            return at
    raise RuntimeError(f"{wanted} never came")


def await_answer(plan, server):
    """Until ingest takes touchpoints."""
    while not succeeds([plan.patron, "dead-letters", "list", "--server", server]):
        time.sleep(0.1)


def succeeds(command):
    return subprocess.run([str(word) for word in command], capture_output=True, check=False).returncode == 0
