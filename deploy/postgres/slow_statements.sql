-- Statements that take most time in all, and how long each takes.
-- Needs: CREATE EXTENSION pg_stat_statements (settings of this folder load its library).
SELECT left(regexp_replace(query, '\s+', ' ', 'g'), 120) AS statement,
       calls,
       round(total_exec_time::numeric, 1) AS total_ms,
       round(mean_exec_time::numeric, 3) AS mean_ms,
       round(max_exec_time::numeric, 1) AS max_ms,
       rows,
       round(100.0 * shared_blks_hit / NULLIF(shared_blks_hit + shared_blks_read, 0), 1) AS hit_percent
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY total_exec_time DESC
LIMIT 20;
