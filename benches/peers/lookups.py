"""Look-ups of one customer and of many: Patron by a field mask, Redis with the same bytes under the same names."""

import json

import machine
import reference
import services

USERS = 100_000
# Together about 300 bytes of a customer.
FIELDS = ["customer_id", "identifiers", "traits", "touchpoint_count", "first_touchpoint_at", "last_touchpoint_at"]
METRICS = ["net", "orders", "average_order", "first_order_at", "last_order_at", "active_days", "last_store"]
METRICS += ["last_product_viewed"]
MASK = ",".join(FIELDS + [f"metrics.{name}" for name in METRICS])


def measure(plan, kafka):
    """Each way in turn, Redis first, so that both find the same customers."""
    users = plan.path("lookups", "users.txt")
    query = f"SELECT customer FROM '{reference.expected(plan, 'zipf', 'once')}' USING SAMPLE {USERS} ROWS (reservoir, 1)"
    found = reference.database().execute(query).fetchall()
    users.write_text("".join(f"{user}\n" for (user,) in found))
    port, result = machine.free_port(), {}
    command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with machine.Process(command, plan.path("logs", "redis.log")) as redis:
        state = plan.result("patron-zipf")["state"]
        with services.standing(plan, kafka, "zipf", state) as (patron, server):
            for batch in (1, 64):
                for name, process in {"redis": redis, "patron": patron}.items():
                    before = machine.usage(process.pid)["cpu"]
                    asked = ["--users", users, "--fields", MASK, "--batch", batch, "--of", name]
                    address = ["--server", server, "--redis", f"127.0.0.1:{port}"]
                    figures = json.loads(machine.run([plan.probe, "lookups", *address, *asked]))
                    figures["server_cpu_seconds"] = machine.usage(process.pid)["cpu"] - before
                    result[f"{name}-{batch}"] = figures
    return result
