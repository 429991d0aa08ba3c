SELECT customer FROM purchase, clock GROUP BY customer, asked
HAVING count(*) FILTER (date_trunc('quarter', bought) = date_trunc('quarter', asked))
    > count(*) FILTER (date_trunc('quarter', bought) = date_trunc('quarter', asked) - INTERVAL 3 MONTH)
