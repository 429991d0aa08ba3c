SELECT customer FROM line, clock WHERE date_trunc('month', seen) = date_trunc('month', asked)
GROUP BY customer HAVING count(DISTINCT product) >= 10
INTERSECT
SELECT customer FROM bought, clock WHERE date_trunc('month', since) = date_trunc('month', asked) - INTERVAL 1 MONTH
INTERSECT
SELECT customer FROM bought, clock WHERE date_trunc('week', since) = date_trunc('week', asked) - INTERVAL 7 DAY
