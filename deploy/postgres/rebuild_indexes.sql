-- Statements that rebuild the largest indexes beside readers and writers: run what it
-- prints (psql: \gexec), one at a time, when bloat says so.
SELECT format('REINDEX INDEX CONCURRENTLY %I.%I', schemaname, indexrelname) AS statement
FROM pg_stat_user_indexes
ORDER BY pg_relation_size(indexrelid) DESC
LIMIT 5;
