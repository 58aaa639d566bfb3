-- Tables by size, partitions with their parent.
SELECT COALESCE(parent.relname, c.relname) AS table_name, count(*) AS partitions,
       sum(c.reltuples)::bigint AS estimated_rows,
       pg_size_pretty(sum(pg_table_size(c.oid))) AS rows_size,
       pg_size_pretty(sum(pg_indexes_size(c.oid))) AS indexes_size
FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
LEFT JOIN pg_class parent ON parent.oid = i.inhparent
WHERE c.relkind IN ('r', 'm') AND c.relnamespace = 'public'::regnamespace
GROUP BY 1
ORDER BY sum(pg_total_relation_size(c.oid)) DESC;
