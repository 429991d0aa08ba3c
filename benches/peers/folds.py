"""Folds of the same topic by Patron and by Kafka Streams: how fast, at what cost, and how soon after a kill."""

import json
import os
import signal
import time

import machine
import reference
import services
from plan import AS_OF, LAST_DAY

# Part of the topic that is folded when the process is killed.
KILL_AT = 0.9
HEAP = "-Xmx4g"


class KafkaStreams:
    """The peer: an application id and a state of its own, named by step and instant, so that nothing is left from before."""

    def __init__(self, plan, kafka, crowd, work, **overrides):
        self.plan, self.kafka, self.crowd, self.work = plan, kafka, crowd, work
        self.id = f"peer-{work}-{time.time_ns()}"
        self.settings = [f"{name.replace('__', '.')}={value}" for name, value in overrides.items()]

    def start(self):
        jars = os.pathsep.join([str(self.plan.streams / "classes"), str(self.plan.streams / "dependency" / "*")])
        command = ["java", HEAP, "-cp", jars, "patron.peers.Main", self.work, f"{self.crowd}-touchpoints"]
        command += [f"bootstrap.servers={self.kafka.brokers}", f"application.id={self.id}"]
        command += [f"state.dir={self.plan.path('kafka-streams', self.id)}", *self.settings]
        self.process = machine.Process(command, self.plan.path("logs", f"{self.work}.log"), read=True)
        return self.process

    def lines(self):
        return self.process.lines()

    def compared(self):
        """By a dump of the profiles."""
        file = self.plan.path("dumps", f"{self.id}.csv")
        self.process.tell(f"dump {LAST_DAY} {file}")
        services.await_word(self.lines(), "dumped")
        rows = f"""SELECT column0 AS customer, column1 AS touchpoints, column2 AS first_at, column3 AS last_at,
          cents(column4) AS net, cents(column5) AS net_30, cents(column6) AS net_90
          FROM read_csv('{file}', header = false, auto_detect = false, columns = {{column0: 'VARCHAR',
            column1: 'BIGINT', column2: 'BIGINT', column3: 'BIGINT', column4: 'BIGINT', column5: 'BIGINT', column6: 'BIGINT'}})"""
        name = "careless" if self.work == "best-case" else "once"
        return reference.compare(self.plan, self.crowd, reference.database(), rows, name)

    def end(self):
        self.process.end(None)
        self.kafka.delete_topics(f"{self.id}-.*")


class Patron:
    """A projector with its defaults over a new state."""

    def __init__(self, plan, kafka, crowd, state, env=None):
        self.plan, self.kafka, self.crowd, self.env = plan, kafka, crowd, env
        self.state = f"{state}-{time.time_ns()}"

    def start(self):
        self.process, self.server = services.projector(self.plan, self.kafka, self.crowd, self.state, env=self.env)
        return self.process

    def lines(self):
        with services.watching(self.plan, self.server) as lines:
            yield from lines

    def compared(self):
        """By the digest of the whole state where one of the same touchpoints was compared already, else customer by customer."""
        answer = machine.run([self.plan.patron, "digest", "--output", "json", "--server", self.server])
        digest, known = json.loads(answer)["state"], self.plan.result("patron-zipf")
        if known and known["state_digest"] == digest:
            return {**{name: known[name] for name in ("digest", "customers_that_differ", "state_digest")}, "state": self.state}
        return {**self.exported(), "state_digest": digest, "state": self.state}

    def exported(self):
        """By an export: figures as served, and sums of days from the timelines; those as served are counted besides."""
        out = self.plan.path("exports", self.state)
        machine.run([self.plan.patron, "export", "--to", out, "--server", self.server])
        db = reference.database()
        db.execute(EXPORTED.format(out=out))
        found = reference.compare(self.plan, self.crowd, db, SERVED)
        expressions = {f'net("{days}d") >= 25': f"net_{days} >= 2500" for days in (30, 90)}
        answers = machine.run([self.plan.probe, "count", "--server", self.server, "--as-of", AS_OF, *expressions])
        served = [json.loads(line)["count"] for line in answers.splitlines()]
        wanted = [db.execute(f"SELECT count(*) FROM ours WHERE {where}").fetchone()[0] for where in expressions.values()]
        found["customers_that_differ"] += sum(abs(one - other) for one, other in zip(served, wanted))
        return found

    def end(self):
        self.process.end()


EXPORTED = """
CREATE TABLE named AS SELECT customer_id, value AS customer FROM '{out}/identifiers-*.parquet';
CREATE TABLE facts AS
SELECT named.customer, epoch_us(occurred_at) AS occurred, source, message_id AS message, kind, order_id,
  millionths(order_total) AS total, millionths(order_refund) AS refund, lines
FROM '{out}/touchpoints-*.parquet' JOIN named USING (customer_id)
LEFT JOIN (SELECT customer_id, source, message_id, sum((amount - coalesce(discount, 0)) * 1000000)::BIGINT AS lines
           FROM '{out}/items-*.parquet' WHERE kind = 'order_line_completed' GROUP BY ALL)
  USING (customer_id, source, message_id);
CREATE TABLE served AS
SELECT customer, touchpoint_count, epoch_us(first_touchpoint_at) AS first_at, epoch_us(last_touchpoint_at) AS last_at,
  coalesce((value * 100)::BIGINT, 0) AS net
FROM '{out}/customers-*.parquet' JOIN named USING (customer_id)
LEFT JOIN (SELECT customer_id, value FROM '{out}/metrics-*.parquet' WHERE metric = 'net') USING (customer_id);
"""
SERVED = f"""
SELECT served.customer, touchpoint_count AS touchpoints, served.first_at, served.last_at, served.net, net_30, net_90
FROM served LEFT JOIN ({reference.CUSTOMERS.format(facts="facts")}) AS timelines USING (customer)
"""


def measured(fold, before=0):
    """All of the topic, from the first commit to the last: rate, and processor time and bytes written of it and the broker.

    So many touchpoints were folded into its state before.
    """
    broker = machine.usage(fold.kafka.pid)
    began, begun = time.monotonic(), None
    process = fold.start()
    try:
        for at, words in fold.lines():
            if words[0] == "caught-up":
                break
            last = int(words[1])
            if last <= before:
                continue
            begun = begun or (at, last, machine.usage(process.pid)["cpu"])
        cpu, broker_cpu = machine.usage(process.pid)["cpu"], machine.usage(fold.kafka.pid)["cpu"]
        first_at, first, first_cpu = begun
        found = {
            "touchpoints": last - before,
            "seconds": at - began,
            "touchpoints_per_second": (last - first) / (at - first_at),
            "cpu_us": (cpu - first_cpu) / (last - first) * 1e6,
            "cpu_seconds": cpu,
            "broker_cpu_seconds": broker_cpu - broker["cpu"],
            "peak_memory": machine.peak_memory(process.pid),
            **fold.compared(),
        }
    finally:
        fold.end()
    # With what an orderly end still flushes.
    found["written"] = process.written
    found["broker_written"] = machine.usage(fold.kafka.pid)["written"] - broker["written"]
    return found


def killed(fold):
    """Kills the process when nine tenths are folded, starts it again at once, and waits until it has caught up."""
    process = fold.start()
    wanted = fold.plan.touchpoints * KILL_AT
    try:
        for _, words in fold.lines():
            if words[0] == "caught-up" or int(words[1]) >= wanted:
                break
        folded = fold.plan.touchpoints if words[0] == "caught-up" else int(words[1])
        process.end(signal.SIGKILL)
        began = time.monotonic()
        fold.start()
        lines = fold.lines()
        answers, _ = next(lines)
        at = services.await_word(lines, "caught-up")
        times = {"seconds_to_first_word": answers - began, "seconds": at - began}
        return {"folded_when_killed": folded, **times, **fold.compared()}
    finally:
        fold.end()


def consumed(plan, kafka, crowd="zipf"):
    """The floor: the same topic polled by bare rdkafka."""
    command = [plan.probe, "consume", "--brokers", kafka.brokers, "--topic", f"{crowd}-touchpoints"]
    it = json.loads(machine.run(command))
    rates = {"touchpoints_per_second": it["touchpoints"] / it["seconds"], "cpu_us": it["cpu_seconds"] / it["touchpoints"] * 1e6}
    return {**it, **rates}
