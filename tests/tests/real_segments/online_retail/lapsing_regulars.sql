SELECT customer FROM bought, clock GROUP BY customer, asked
HAVING count(*) FILTER (since > asked - INTERVAL 365 DAY) >= 3 AND max(since) <= asked - INTERVAL 60 DAY
