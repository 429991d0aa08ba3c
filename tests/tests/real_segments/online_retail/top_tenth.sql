-- The cut is the value with nine tenths of all customers before it, as of the beginning of the day.
SELECT spent.customer
FROM (
    SELECT customer, sum(net) AS net FROM bought, clock WHERE since > asked - INTERVAL 365 DAY GROUP BY customer
) AS spent
WHERE net > 0 AND net >= (
    SELECT net FROM (
        SELECT net, row_number() OVER (ORDER BY net) AS place, count(*) OVER () AS population
        FROM (
            SELECT everybody.customer, coalesce(sum(sales.net), 0) AS net
            FROM everybody LEFT JOIN (
                -- Only the lines up to midnight make an order as it was then.
                SELECT customer, invoice, min(seen) AS since, sum(net) AS net FROM line, clock
                WHERE seen <= date_trunc('day', asked) GROUP BY customer, invoice, asked
                HAVING min(seen) > date_trunc('day', asked) - INTERVAL 365 DAY
            ) AS sales USING (customer)
            GROUP BY everybody.customer
        )
    ) WHERE place = least(population * 9 // 10, population - 1) + 1
)
