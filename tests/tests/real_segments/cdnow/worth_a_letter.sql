(SELECT customer FROM top_tenth EXCEPT SELECT customer FROM rising)
UNION
(SELECT customer FROM lapsed INTERSECT SELECT customer FROM came_back)
