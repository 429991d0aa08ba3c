-- The country of the last line. Nobody has lines of two countries at the last instant, or the test would not hold.
SELECT customer FROM (
    SELECT customer FROM top_tenth UNION SELECT customer FROM content UNION SELECT customer FROM lapsing_regulars
) WHERE customer NOT IN (SELECT customer FROM rare_buyers)
    AND customer NOT IN (SELECT customer FROM bought, clock WHERE date_trunc('quarter', since) = date_trunc('quarter', asked))
    AND customer IN (
        SELECT customer FROM line GROUP BY customer HAVING arg_max(country, seen) <> 'United Kingdom'
    )
