-- Who waits for whom.
SELECT waiting.pid AS waiting, waiting.application_name AS waiting_application,
       now() - waiting.query_start AS waits_for,
       left(waiting.query, 80) AS waiting_statement,
       blocking.pid AS blocking, blocking.application_name AS blocking_application,
       blocking.state AS blocking_state, left(blocking.query, 80) AS blocking_statement
FROM pg_stat_activity waiting
CROSS JOIN LATERAL UNNEST(pg_blocking_pids(waiting.pid)) AS b(pid)
JOIN pg_stat_activity blocking ON blocking.pid = b.pid
ORDER BY waits_for DESC;
