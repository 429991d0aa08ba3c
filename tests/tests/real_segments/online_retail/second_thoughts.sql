-- Orders are placed by their instant alone, so the lines of that instant do not come after it; those of a later one do.
SELECT DISTINCT first.customer FROM (
    SELECT customer, seen AS at_first, lead(seen) OVER (PARTITION BY customer ORDER BY seen) AS following
    FROM (
        SELECT customer, seen FROM line UNION SELECT customer, seen FROM given_back
    )
) AS seen JOIN bought AS first ON first.customer = seen.customer AND first.since = at_first AND first.net > 300
    JOIN bought AS again ON again.customer = seen.customer AND again.since > at_first + INTERVAL 30 DAY
        AND again.since <= at_first + INTERVAL 60 DAY
WHERE following > at_first + INTERVAL 30 DAY
