-- Net is what was bought less what was given back, over the whole life; without anything given back the first part is unknown.
SELECT customer FROM (
    SELECT customer, sum(amount) AS returned, max(amount) AS dearest FROM given_back GROUP BY customer
) LEFT JOIN (
    SELECT customer, sum(net) AS total FROM bought GROUP BY customer
) USING (customer)
WHERE returned * 5 >= coalesce(total, 0) - returned OR dearest >= 50
