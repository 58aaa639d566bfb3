-- Tables with dead rows that vacuum has not cleaned, and when it last came.
SELECT relname AS table_name, n_live_tup AS live, n_dead_tup AS dead,
       round(100.0 * n_dead_tup / NULLIF(n_live_tup + n_dead_tup, 0), 1) AS dead_percent,
       n_tup_upd AS updates,
       round(100.0 * n_tup_hot_upd / NULLIF(n_tup_upd, 0), 1) AS hot_percent,
       last_autovacuum, last_autoanalyze
FROM pg_stat_user_tables
ORDER BY n_dead_tup DESC
LIMIT 20;
