-- Orders are placed by their instant alone: what was given back at the very instant did not come after.
SELECT DISTINCT customer FROM bought JOIN given_back USING (customer)
WHERE bought.net >= 300 AND seen > since AND seen <= since + INTERVAL 7 DAY
