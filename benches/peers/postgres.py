"""PostgreSQL: the same touchpoints by COPY in batches, each batch aggregated and upserted in one durable transaction."""

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

import machine
import reference
from plan import END_MICROS

BATCH = 50_000
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "4GB", "wal_compression": "on", "listen_addresses": ""}

SCHEMA = """
CREATE TABLE touchpoints (customer text NOT NULL, occurred bigint NOT NULL, source text, message text, kind text, order_id text,
  total bigint, refund bigint, refund_id text, lines bigint, PRIMARY KEY (source, message));
CREATE INDEX timeline ON touchpoints (customer, occurred);
CREATE TABLE profiles (customer text PRIMARY KEY, touchpoints bigint, first_at bigint, last_at bigint) WITH (fillfactor = 70);
-- report: when and by whom, so that the greatest stands, then the total.
CREATE TABLE orders (customer text, order_id text, completed_at bigint, cancelled boolean NOT NULL,
  report text COLLATE "C", lines bigint, refunds bigint, PRIMARY KEY (customer, order_id)) WITH (fillfactor = 70);
CREATE UNLOGGED TABLE stage (LIKE touchpoints);
"""

LOAD = """
BEGIN;
TRUNCATE stage;
\\copy stage FROM '{file}' (FORMAT csv)
WITH fresh AS (
  INSERT INTO touchpoints SELECT * FROM stage ON CONFLICT DO NOTHING RETURNING *),
profiled AS (
  INSERT INTO profiles SELECT customer, count(*), min(occurred), max(occurred) FROM fresh GROUP BY customer
  ON CONFLICT (customer) DO UPDATE SET touchpoints = profiles.touchpoints + excluded.touchpoints,
    first_at = least(profiles.first_at, excluded.first_at), last_at = greatest(profiles.last_at, excluded.last_at))
INSERT INTO orders
SELECT customer, order_id, min(occurred) FILTER (WHERE kind IN ('order_completed', 'order_line_completed')),
  bool_or(kind = 'order_cancelled'),
  max(concat_ws(chr(1), occurred, source, message, total) COLLATE "C") FILTER (WHERE kind = 'order_completed'),
  sum(lines) FILTER (WHERE kind = 'order_line_completed'), sum(refund) FILTER (WHERE kind IN ('order_refunded', 'order_returned'))
FROM fresh WHERE kind LIKE 'order\\_%' GROUP BY customer, order_id
ON CONFLICT (customer, order_id) DO UPDATE SET completed_at = least(orders.completed_at, excluded.completed_at),
  cancelled = orders.cancelled OR excluded.cancelled, report = greatest(orders.report, excluded.report),
  lines = coalesce(orders.lines, 0) + coalesce(excluded.lines, 0),
  refunds = coalesce(orders.refunds, 0) + coalesce(excluded.refunds, 0);
COMMIT;
"""

DUMP = f"""
\\copy (SELECT customer, touchpoints, first_at, last_at, coalesce(net, 0), coalesce(net_30, 0), coalesce(net_90, 0)
  FROM profiles LEFT JOIN (
    SELECT customer, sum(net) AS net,
      sum(net) FILTER (WHERE completed_at >= {END_MICROS - 30 * reference.DAY}) AS net_30,
      sum(net) FILTER (WHERE completed_at >= {END_MICROS - 90 * reference.DAY}) AS net_90
    FROM (SELECT customer, completed_at, coalesce(split_part(report, chr(1), 4)::bigint, lines, 0) - coalesce(refunds, 0) AS net
          FROM orders WHERE NOT cancelled) AS standing GROUP BY customer) AS nets USING (customer)) TO '{{file}}' (FORMAT csv)
"""


class Postgres:
    """A cluster of this run alone, on a Unix socket; PostgreSQL refuses to run as root."""

    def __init__(self, plan):
        self.plan, self.home = plan, plan.path("postgres", "cluster").parent
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.bin = programs[-1]
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name

    def __enter__(self):
        shutil.rmtree(self.home)
        self.home.mkdir()
        if os.getuid() == 0:
            shutil.chown(self.home, "postgres")
        run_as = {"user": self.user, "cwd": "/"}
        cluster = self.home / "cluster"
        machine.run([self.bin / "initdb", "--pgdata", cluster, "--encoding", "UTF8", "--locale", "C"], **run_as)
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [self.bin / "postgres", "-D", cluster, "-k", self.home, *options]
        self.process = machine.Process(command, self.plan.path("logs", "postgres.log"), **run_as)
        while subprocess.run([self.bin / "pg_isready", "-q", "-h", self.home], check=False).returncode:
            time.sleep(0.1)
        return self

    def run(self, script):
        file = self.plan.path("postgres-scripts", "script.sql")
        file.write_text(script)
        command = [self.bin / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.home, "-U", self.user, "-d", "postgres"]
        return machine.run([*command, "-f", file])

    def __exit__(self, *_):
        self.process.end()


def measure(plan):
    """From the first batch to the last commit."""
    batches = export_batches(plan)
    dump = plan.path("dumps", "postgres.csv")
    with Postgres(plan) as postgres:
        postgres.run(SCHEMA)
        began = time.monotonic()
        postgres.run("".join(LOAD.format(file=batch) for batch in batches))
        seconds = time.monotonic() - began
        # psql's own commands end with the line.
        postgres.run(" ".join(DUMP.format(file=dump).split()))
    rows = f"""SELECT column0 AS customer, column1 AS touchpoints, column2 AS first_at, column3 AS last_at,
      cents(column4::BIGINT) AS net, cents(column5::BIGINT) AS net_30, cents(column6::BIGINT) AS net_90
      FROM read_csv('{dump}', header = false)"""
    rusage = postgres.process.rusage
    return {
        "touchpoints": plan.touchpoints,
        "seconds": seconds,
        "touchpoints_per_second": plan.touchpoints / seconds,
        "cpu_us": (rusage.ru_utime + rusage.ru_stime) / plan.touchpoints * 1e6,
        "written": postgres.process.written,
        **reference.compare(plan, "zipf", reference.database(), rows),
    }


def export_batches(plan):
    """The touchpoints as they came, in files of one batch each."""
    folder, facts = plan.path("batches", "first").parent, reference.expected(plan, "zipf", "facts")
    db = reference.database()
    db.execute(f"CREATE TABLE facts AS SELECT *, row_number() OVER () - 1 AS number FROM '{facts}'")
    files = []
    for first in range(0, plan.touchpoints, BATCH):
        files.append(folder / f"{first:012}.csv")
        db.execute(
            f"COPY (SELECT * EXCLUDE (number) FROM facts WHERE number >= {first} AND number < {first + BATCH} ORDER BY number)"
            f" TO '{files[-1]}' (FORMAT csv, HEADER false)"
        )
    return files
