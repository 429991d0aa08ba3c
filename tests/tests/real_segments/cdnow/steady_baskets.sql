-- Each line is an order of its own.
SELECT customer FROM purchase GROUP BY customer
HAVING sum(dollars) >= 59.94 AND max(dollars) <= 60 AND sum(cds) * 2 > count(*) * 3
