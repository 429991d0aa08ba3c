"""A count over customers every one of whom was seen: ten millions and about fifteen million touchpoints, made by rule.

The generator's customers come by episodes, so that of its ten millions a quarter is seen. Here each has a touchpoint, every fourth a
second one on another day, every fifth an order; what each customer must come to follows from its number, and is the table that
DuckDB and chDB count over.
"""

import duckdb

import counts
import machine
import services
import table

CROWD = "everybody"
CITIES = ["Wien", "Graz", "Linz", "Salzburg", "Wels", "Villach", "Steyr", "Bregenz"]
# Customers whose touchpoints are sent together.
PART = 1_000_000
# 2026-03-01 as microseconds.
START = 1_772_323_200_000_000
DAY = 86_400_000_000
# So many bytes hold ten million customers and their conditions in memory.
COUNTS_BYTES = 2 << 30

# Days since the start at which customer `i` came first, came again and bought.
DAYS = {"first": "(i * 31) % 80", "again": "(i * 31) % 80 + 1", "order": "(i * 17) % 90"}
AGAIN, ORDERS = "i % 4 = 0", "i % 5 = 0"

LINES = """
COPY (
  WITH customers AS (SELECT range AS i, {cities}[range % {cities_count} + 1] AS city FROM range({first}, {end})),
  touchpoints AS (
    SELECT i, 'first' AS name, {first_day} AS day, 'product_viewed' AS kind, {{'city': city}} AS traits,
      [{{'productId': 'p' || i % 500}}] AS items, NULL AS bought FROM customers
    UNION ALL SELECT i, 'again', {again_day}, 'product_viewed', NULL, [{{'productId': 'p' || i % 500}}], NULL FROM customers WHERE {again}
    UNION ALL SELECT i, 'order', {order_day}, 'order_completed', NULL, NULL,
      {{'orderId': 'o' || i, 'total': {{'amount': (5 + i % 500) || '.00', 'currencyCode': 'EUR'}}}} FROM customers WHERE {orders})
  SELECT 'rule' AS source, name || '-' || i AS "messageId", kind, [{{'namespace': 'user_id', 'value': 'u' || i}}] AS identifiers,
    strftime(make_timestamp({start} + day * {a_day} + i % 86400 * 1000000), '%Y-%m-%dT%H:%M:%SZ') AS "occurredAt",
    traits, items, bought AS "order"
  FROM touchpoints
) TO '{file}' (FORMAT json)
"""

TABLE = """
COPY (
  SELECT range AS id, {cities}[i % {cities_count} + 1] AS city, ({orders})::UINTEGER AS orders,
    len(list_distinct(list_concat([{first_day}], CASE WHEN {again} THEN [{again_day}] ELSE [] END,
      CASE WHEN {orders} THEN [{order_day}] ELSE [] END)))::UINTEGER AS active_days,
    (1 + ({again})::INT)::UINTEGER AS product_views,
    CASE WHEN {orders} THEN {start} + ({order_day}) * {a_day} + i % 86400 * 1000000 ELSE 0 END AS last_order_at
  FROM (SELECT range, range AS i FROM range({customers}))
) TO '{table}' (FORMAT parquet)
"""

RULE = {
    "cities": CITIES, "cities_count": len(CITIES), "start": START, "a_day": DAY, "again": AGAIN, "orders": ORDERS,
    "first_day": DAYS["first"], "again_day": DAYS["again"], "order_day": DAYS["order"],
}  # fmt: skip


def steps(plan, kafka):
    """All steps by their names, in the order in which they build on each other."""
    return {
        "everybody-workload": lambda: publish(plan, kafka),
        "everybody-counts": lambda: counted(plan, kafka),
    }


def publish(plan, kafka):
    kafka.delete_topics(f"{CROWD}-.*")
    ingest, server = services.patron(plan, kafka, "ingest", CROWD)
    file, sent = plan.path("generated", f"{CROWD}.ndjson"), 0
    with ingest:
        services.await_answer(plan, server)
        for first in range(0, plan.customers, PART):
            end = min(first + PART, plan.customers)
            sent += duckdb.execute(LINES.format(first=first, end=end, file=file, **RULE)).fetchone()[0]
            machine.run([plan.patron, "import", file, "--server", server])
            file.unlink()
    return {"touchpoints": sent}


def counted(plan, kafka):
    columns = plan.path("counts", f"{CROWD}.parquet")
    duckdb.execute(TABLE.format(customers=plan.customers, table=columns, **RULE))
    env = {"PATRON_QUERY_COUNTS_MEMORY_BYTES_MAX": str(COUNTS_BYTES)}
    return counts.over(plan, kafka, CROWD, CROWD, columns, env=env)


def tables(of):
    """Ratios of this run, and its figures."""
    counted = lambda who: table.counted(of, who, "everybody-counts")
    rows = [
        ("count of five predicates, DuckDB ÷ ours, seconds", "duckdb", "15", "40"),
        ("the same, chDB's columns", "chdb", "–", "–"),
        ("the same, chDB's bitmaps", "chdb-bitmaps", "2", "6"),
    ]
    ratios = ([name, table.figure(table.over(counted(who), counted("patron"))), floor, aim] for name, who, floor, aim in rows)
    yield table.lines(["ratio", "this run", "floor", "aim"], ratios)
    yield table.counts(of, "everybody-counts")
