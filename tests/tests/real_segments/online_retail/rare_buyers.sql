-- Somebody without an order has no number of orders, and is neither in the population nor below it.
SELECT customer FROM (SELECT customer, count(*) AS orders FROM bought GROUP BY customer)
WHERE orders < (
    SELECT orders FROM (
        SELECT orders, row_number() OVER (ORDER BY orders) AS place, count(*) OVER () AS population
        FROM (
            SELECT count(DISTINCT invoice) AS orders FROM line, clock WHERE seen <= date_trunc('day', asked) GROUP BY customer
        )
    ) WHERE place = least(population // 2, population - 1) + 1
)
