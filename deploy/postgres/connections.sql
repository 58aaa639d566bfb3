-- Connections by application and state.
SELECT application_name, state, count(*) AS connections, max(now() - state_change) AS longest
FROM pg_stat_activity
WHERE datname = current_database()
GROUP BY application_name, state
ORDER BY connections DESC;
