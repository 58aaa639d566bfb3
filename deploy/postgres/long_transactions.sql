-- Transactions that have been open longest: they keep vacuum from cleaning.
SELECT pid, application_name, state, now() - xact_start AS open_for,
       age(backend_xmin) AS holds_back, left(query, 80) AS statement
FROM pg_stat_activity
WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
ORDER BY xact_start
LIMIT 20;
