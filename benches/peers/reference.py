"""What each customer must come to, worked out by SQL from the generated lines, and the comparison of every system with it.

A row a customer: user, touchpoints, first and last in microseconds, net for life, of 30 and of 90 days in cents.
"""

import duckdb

from plan import END_MICROS

COLUMNS = "customer, touchpoints, first_at, last_at, net, net_30, net_90"
DAY = 86_400_000_000

MACROS = """
-- Millionths to cents, half-even.
CREATE MACRO cents(m) AS (
  (m - ((m % 10000) + 10000) % 10000) // 10000
  + CASE WHEN ((m % 10000) + 10000) % 10000 > 5000
           OR ((m % 10000) + 10000) % 10000 = 5000 AND ((m - ((m % 10000) + 10000) % 10000) // 10000) % 2 <> 0
         THEN 1 ELSE 0 END);
CREATE MACRO millionths(amount) AS (amount * 1000000)::BIGINT;
"""

LINES = """
CREATE TABLE facts AS
SELECT identifiers[1].value AS customer, epoch_us(occurredAt) AS occurred, source, messageId AS message, kind,
  "order".orderId AS order_id, millionths("order".total.amount) AS total,
  millionths("order".refund.amount) AS refund, "order".refundId AS refund_id,
  list_sum([millionths(item.price.amount * coalesce(item.quantity, 1) - coalesce(item.discount.amount, 0))
            FOR item IN items])::BIGINT AS lines
FROM read_ndjson('{file}', columns = {{source: 'VARCHAR', messageId: 'VARCHAR', kind: 'VARCHAR', occurredAt: 'TIMESTAMP',
  identifiers: 'STRUCT(namespace VARCHAR, "value" VARCHAR)[]',
  "order": 'STRUCT(orderId VARCHAR, refundId VARCHAR, total STRUCT(amount DECIMAL(12,2)), refund STRUCT(amount DECIMAL(12,2)))',
  items: 'STRUCT(price STRUCT(amount DECIMAL(12,2)), quantity DECIMAL(9,3), discount STRUCT(amount DECIMAL(12,2)))[]'}});
"""

# Orders as docs/metrics.md has them.
CUSTOMERS = f"""
WITH orders AS (
  SELECT customer, order_id,
    min(occurred) FILTER (kind IN ('order_completed', 'order_line_completed')) AS completed_at,
    coalesce(bool_or(kind = 'order_cancelled'), false) AS cancelled,
    coalesce(arg_max(total, (occurred, source, message)) FILTER (kind = 'order_completed'),
             sum(lines) FILTER (kind = 'order_line_completed'), 0)
      - coalesce(sum(refund) FILTER (kind IN ('order_refunded', 'order_returned')), 0) AS net
  FROM {{facts}} WHERE kind LIKE 'order_%' GROUP BY ALL),
nets AS (
  SELECT customer, sum(net)::BIGINT AS net,
    coalesce(sum(net) FILTER (completed_at >= {END_MICROS - 30 * DAY}), 0)::BIGINT AS net_30,
    coalesce(sum(net) FILTER (completed_at >= {END_MICROS - 90 * DAY}), 0)::BIGINT AS net_90
  FROM orders WHERE NOT cancelled GROUP BY ALL),
contacts AS (
  SELECT customer, count(*) AS touchpoints, min(occurred) AS first_at, max(occurred) AS last_at FROM {{facts}} GROUP BY ALL)
SELECT customer, touchpoints, first_at, last_at, cents(coalesce(net, 0)) AS net, cents(coalesce(net_30, 0)) AS net_30,
  cents(coalesce(net_90, 0)) AS net_90
FROM contacts LEFT JOIN nets USING (customer)
"""

# Every record by itself, copies and second reports too.
CARELESS = f"""
WITH counted AS (
  SELECT *, kind IN ('order_completed', 'order_line_completed') AS stands,
    CASE kind WHEN 'order_completed' THEN total WHEN 'order_line_completed' THEN lines
              WHEN 'order_refunded' THEN -refund WHEN 'order_returned' THEN -refund ELSE 0 END AS net
  FROM facts)
SELECT customer, count(*) AS touchpoints, min(occurred) AS first_at, max(occurred) AS last_at, cents(sum(net)::BIGINT) AS net,
  cents(coalesce(sum(net) FILTER (stands AND occurred >= {END_MICROS - 30 * DAY}), 0)::BIGINT) AS net_30,
  cents(coalesce(sum(net) FILTER (stands AND occurred >= {END_MICROS - 90 * DAY}), 0)::BIGINT) AS net_90
FROM counted GROUP BY ALL
"""


def database():
    """A database in memory with the macros."""
    db = duckdb.connect()
    db.execute(MACROS)
    return db


def make(plan, crowd, lines):
    """Works out what must come of generated lines, and keeps it and the facts themselves."""
    db = database()
    db.execute(LINES.format(file=lines))
    once = "(SELECT DISTINCT ON (source, message) * FROM facts)"
    for name, query in {"once": CUSTOMERS.format(facts=once), "careless": CARELESS, "facts": "FROM facts"}.items():
        db.execute(f"COPY ({query}) TO '{expected(plan, crowd, name)}' (FORMAT parquet)")
    touchpoints, copies, customers = db.execute(
        f"SELECT count(*), count(*) - (SELECT count(*) FROM {once}), count(DISTINCT customer) FROM facts"
    ).fetchone()
    return {"touchpoints": touchpoints, "copies": copies, "customers": customers}


def expected(plan, crowd, name):
    return plan.path("expected", f"{crowd}-{name}.parquet")


def compare(plan, crowd, db, rows, name="once"):
    """Holds a query's customers against what they must be: the digest, and how many customers differ."""
    db.execute(f"CREATE OR REPLACE TEMP TABLE theirs AS SELECT {COLUMNS} FROM ({rows})")
    db.execute(f"CREATE OR REPLACE TEMP TABLE ours AS SELECT {COLUMNS} FROM '{expected(plan, crowd, name)}'")
    apart = db.execute(
        "SELECT count(DISTINCT customer) FROM ((FROM ours EXCEPT FROM theirs) UNION ALL (FROM theirs EXCEPT FROM ours))"
    ).fetchall()[0][0]
    lines = f"SELECT concat_ws(',', {COLUMNS}) AS line FROM theirs"
    digest = db.execute(f"SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM ({lines})").fetchall()[0][0]
    return {"digest": digest, "customers_that_differ": apart}
