SELECT customer FROM bought WHERE customer NOT IN (SELECT customer FROM given_back) GROUP BY customer HAVING count(*) >= 5
