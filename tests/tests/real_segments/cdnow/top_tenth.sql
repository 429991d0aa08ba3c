-- The cut is the value with nine tenths of all customers before it, as of the beginning of the day.
SELECT spent.customer
FROM (
    SELECT customer, sum(dollars) AS net FROM purchase, clock WHERE bought > asked - INTERVAL 180 DAY GROUP BY customer
) AS spent
WHERE net > 0 AND net >= (
    SELECT net FROM (
        SELECT net, row_number() OVER (ORDER BY net) AS place, count(*) OVER () AS population
        FROM (
            SELECT everybody.customer, coalesce(sum(dollars), 0) AS net
            FROM everybody CROSS JOIN clock LEFT JOIN purchase ON purchase.customer = everybody.customer
                AND bought <= date_trunc('day', asked) AND bought > date_trunc('day', asked) - INTERVAL 180 DAY
            GROUP BY everybody.customer
        )
    ) WHERE place = least(population * 9 // 10, population - 1) + 1
)
