-- The monthly partitions of game_events, and what went to the rest.
SELECT c.relname AS partition_name, pg_get_expr(c.relpartbound, c.oid) AS bounds,
       c.reltuples::bigint AS estimated_rows, pg_size_pretty(pg_total_relation_size(c.oid)) AS size
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'game_events'::regclass
ORDER BY c.relname;
