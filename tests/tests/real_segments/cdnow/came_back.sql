-- Only the next purchase after one decides whether the gap stayed empty. Another of the same day is a next one; but the last of
-- that day has none, so days are enough. At the end of the gap itself a purchase still breaks it.
SELECT DISTINCT customer FROM (
    SELECT customer, bought AS first, lead(bought) OVER (PARTITION BY customer ORDER BY bought) AS next
    FROM (SELECT DISTINCT customer, bought FROM purchase)
) WHERE next > first + INTERVAL 30 DAY AND next <= first + INTERVAL 90 DAY
