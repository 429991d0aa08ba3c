"""A count of five predicates over all customers: Patron's state beside DuckDB's and chDB's columns, and chDB's bitmaps."""

import json
import statistics
import time

import duckdb
from chdb.session import Session

import machine
import services
from plan import AS_OF

RUNS = 15
PREDICATES = {
    'traits.city in ["Wien", "Graz", "Linz", "Salzburg"]': "city IN ('Wien', 'Graz', 'Linz', 'Salzburg')",
    "metrics.orders >= 1": "orders >= 1",
    "metrics.active_days >= 2": "active_days >= 2",
    "metrics.product_views >= 2": "product_views >= 2",
    'metrics.last_order_at >= timestamp("2026-04-01T00:00:00Z")': "last_order_at >= 1775001600000000",
}
WHERE = " AND ".join(PREDICATES.values())

TABLE = """
COPY (
  SELECT row_number() OVER () AS id, coalesce(traits->>'$.city', '') AS city, coalesce(orders, 0)::UINTEGER AS orders,
    coalesce(active_days, 0)::UINTEGER AS active_days, coalesce(product_views, 0)::UINTEGER AS product_views,
    coalesce(epoch_us(last_order_at), 0) AS last_order_at
  FROM '{out}/customers-*.parquet' LEFT JOIN (
    SELECT customer_id, max(value) FILTER (metric = 'orders') AS orders,
      max(value) FILTER (metric = 'active_days') AS active_days, max(value) FILTER (metric = 'product_views') AS product_views,
      max(instant) FILTER (metric = 'last_order_at') AS last_order_at
    FROM '{out}/metrics-*.parquet' GROUP BY ALL) USING (customer_id)
) TO '{table}' (FORMAT parquet)
"""


def timed(count):
    """The count and the median of the seconds that it takes, warm."""
    answer, seconds = count(), []
    for _ in range(RUNS):
        began = time.perf_counter()
        count()
        seconds.append(time.perf_counter() - began)
    return {"count": answer, "seconds": statistics.median(seconds)}


def measure(plan, kafka, crowd, state):
    """Over a crowd's state, which was exported."""
    table = plan.path("counts", "customers.parquet")
    duckdb.execute(TABLE.format(out=plan.path("exports", state), table=table))
    return over(plan, kafka, crowd, state, table)


def over(plan, kafka, crowd, state, table, env=None):
    """Over a crowd's state, beside a table of what each customer comes to."""
    result = {"duckdb": by_duckdb(plan, table), **by_chdb(plan, table)}
    with services.standing(plan, kafka, crowd, state, env=env) as (_, server):
        command = [plan.probe, "count", "--server", server, "--as-of", AS_OF, "--runs", RUNS, " && ".join(PREDICATES)]
        result["patron"] = json.loads(machine.run(command))
    wanted = result["duckdb"]["count"]
    for figures in result.values():
        figures["differs"] = figures["count"] != wanted
    return result


def by_duckdb(plan, table):
    with duckdb.connect(str(plan.path("counts", "duckdb.db"))) as db:
        db.execute(f"CREATE OR REPLACE TABLE customers AS FROM '{table}'")
        return timed(lambda: db.execute(f"SELECT count(*) FROM customers WHERE {WHERE}").fetchone()[0])


def by_chdb(plan, table):
    session = Session(str(plan.path("counts", "chdb")))
    ask = lambda sql: int(session.query(sql, "TSV").bytes().split()[0])
    session.query("CREATE DATABASE IF NOT EXISTS peers")
    session.query("DROP TABLE IF EXISTS peers.customers")
    session.query(
        "CREATE TABLE peers.customers (id UInt32, city String, orders UInt32, active_days UInt32, product_views UInt32,"
        " last_order_at Int64) ENGINE = MergeTree ORDER BY id"
    )
    session.query(f"INSERT INTO peers.customers SELECT * FROM file('{table}', Parquet)")
    session.query("DROP TABLE IF EXISTS peers.bitmaps")
    session.query(
        "CREATE TABLE peers.bitmaps (predicate UInt8, members AggregateFunction(groupBitmap, UInt32)) "
        "ENGINE = MergeTree ORDER BY predicate"
    )
    for number, predicate in enumerate(PREDICATES.values()):
        session.query(
            f"INSERT INTO peers.bitmaps SELECT {number}, groupBitmapState(id) FROM peers.customers WHERE {predicate}"
        )
    columns = timed(lambda: ask(f"SELECT count() FROM peers.customers WHERE {WHERE}"))
    both = timed(lambda: ask("SELECT groupBitmapAnd(members) FROM peers.bitmaps"))
    session.close()
    return {"chdb": columns, "chdb-bitmaps": both}
