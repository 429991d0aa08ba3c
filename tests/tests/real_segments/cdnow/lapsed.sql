-- What is 90 days old to the microsecond is no longer within them.
SELECT customer FROM purchase, clock GROUP BY customer, asked HAVING count(*) >= 2 AND max(bought) <= asked - INTERVAL 90 DAY
