"""The table: each ratio of this run beside its floor and its aim. Who differs from what must be has no figure."""

ROWS = []


def row(name, floor, aim):
    """Adds a ratio to the table; it is worked out from the results of all steps."""

    def add(ratio):
        ROWS.append((name, floor, aim, ratio))
        return ratio

    return add


def rate(result):
    return None if result["customers_that_differ"] else result["touchpoints_per_second"]


def processor(result):
    return None if rate(result) is None else result["cpu_us"]


def over(left, right):
    """A ratio, or nothing where a side has no figure."""
    return None if left is None or right is None else left / right


def recovered(result):
    return None if result["customers_that_differ"] else result["seconds"]


def written(result):
    return None if rate(result) is None else result["written"] + result["broker_written"]


@row("live fold, durable, exactly-once ÷ Kafka Streams, same work, exactly-once", "5", "15")
def _(of):
    return over(rate(of("patron-zipf")), rate(of("streams-same-work")))


@row("the same by processor time", "5", "15")
def _(of):
    return over(processor(of("streams-same-work")), processor(of("patron-zipf")))


@row("live fold ÷ Kafka Streams' best case without guarantees", "1", "3")
def _(of):
    return over(rate(of("patron-zipf")), rate(of("streams-best-case")))


@row("the same by processor time", "1", "3")
def _(of):
    return over(processor(of("streams-best-case")), processor(of("patron-zipf")))


@row("live fold ÷ PostgreSQL, COPY and upsert of batches", "–", "–")
def _(of):
    return over(rate(of("patron-zipf")), rate(of("postgres")))


@row("the same by processor time", "–", "–")
def _(of):
    return over(processor(of("postgres")), processor(of("patron-zipf")))


@row("uniform ÷ Zipf", "0.45", "0.60")
def _(of):
    return over(rate(of("patron-uniform")), rate(of("patron-zipf")))


@row("durable ÷ journal-as-WAL (`store.sync` off)", "0.55", "0.70")
def _(of):
    return over(rate(of("patron-zipf")), rate(of("patron-unsynced")))


@row("live fold ÷ bare consumer", "–", "–")
def _(of):
    return over(rate(of("patron-zipf")), of("consumer")["touchpoints_per_second"])


@row("processor time a touchpoint, bare consumer ÷ ours", "0.10", "0.25")
def _(of):
    return over(of("consumer")["cpu_us"], processor(of("patron-zipf")))


@row("bytes written, Kafka Streams same work with changelog ÷ ours", "2", "5")
def _(of):
    return over(written(of("streams-same-work")), written(of("patron-zipf")))


@row("kill -9 to caught up, Kafka Streams ÷ ours", "5", "20")
def _(of):
    return over(recovered(of("streams-killed")), recovered(of("patron-killed")))


@row("the same, Kafka Streams with transactional state stores", "5", "20")
def _(of):
    return over(recovered(of("streams-killed-transactional")), recovered(of("patron-killed")))


@row("GetCustomer ÷ Redis GET, keys/s", "0.30", "0.50")
def _(of):
    return over(*(of("lookups")[f"{who}-1"]["keys_per_second"] for who in ("patron", "redis")))


@row("BatchGetCustomers of 64 ÷ Redis MGET of 64, keys/s", "0.8", "1.5")
def _(of):
    return over(*(of("lookups")[f"{who}-64"]["keys_per_second"] for who in ("patron", "redis")))


def counted(of, who, step="counts"):
    figures = of(step)[who]
    return None if figures["differs"] or of(step)["patron"]["differs"] else figures["seconds"]


@row("count of five predicates, DuckDB ÷ ours, seconds", "15", "40")
def _(of):
    return over(counted(of, "duckdb"), counted(of, "patron"))


@row("the same, chDB's columns", "–", "–")
def _(of):
    return over(counted(of, "chdb"), counted(of, "patron"))


@row("the same, chDB's bitmaps", "2", "6")
def _(of):
    return over(counted(of, "chdb-bitmaps"), counted(of, "patron"))


def figure(value):
    """As a reader wants it; `differs` where there is none."""
    return "differs" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def lines(head, rows):
    """A table of Markdown: the first column is text, the others are figures."""
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"


def ratios(of):
    rows = ([name, figure(ratio(of)), floor, aim] for name, floor, aim, ratio in ROWS)
    return lines(["ratio", "this run", "floor", "aim"], rows)


def folds(of, names):
    head = ["fold", "touchpoints/s", "CPU µs a touchpoint", "CPU s, with start", "broker's CPU s", "bytes written a touchpoint"]
    return lines([*head, "by the broker", "peak memory MiB", "customers", "digest"], (fold(name, of(name)) for name in names))


def fold(name, it):
    """One fold's figures; what a system has not is left empty."""
    shown = lambda key, by=1: figure(it[key] / by) if key in it else ""
    apart = it.get("customers_that_differ")
    equal = {None: "", 0: "equal"}.get(apart, f"{apart} differ")
    speed = figure(None) if apart else shown("touchpoints_per_second")
    figures = [speed, shown("cpu_us"), shown("cpu_seconds"), shown("broker_cpu_seconds")]
    figures += [shown("written", it["touchpoints"]), shown("broker_written", it["touchpoints"]), shown("peak_memory", 1 << 20)]
    return [name, *figures, equal, it.get("digest", "")[:8]]


def kills(of, names):
    head = ["killed", "committed by then", "s until it says how far it is", "s to caught up"]
    return lines(head, (kill(name, of(name)) for name in names))


def kill(name, it):
    return [name, f"{it['folded_when_killed']:,}", figure(it["seconds_to_first_word"]), figure(recovered(it))]


def lookups(of):
    keys = ["keys_per_second", "p50_us", "p99_us", "client_cpu_us"]
    rows = ([name, *(figure(it[key]) for key in keys)] for name, it in of("lookups").items() if isinstance(it, dict))
    return lines(["look-ups, customers of a call", "keys/s", "p50 µs", "p99 µs", "client's CPU µs a key"], rows)


def counts(of, step="counts"):
    found = {name: it for name, it in of(step).items() if isinstance(it, dict)}
    rows = ([name, f"{it['count']:,}", milliseconds(counted(of, name, step))] for name, it in found.items())
    return lines(["count of five predicates", "count", "ms"], rows)


def milliseconds(seconds):
    return figure(None if seconds is None else seconds * 1e3)
