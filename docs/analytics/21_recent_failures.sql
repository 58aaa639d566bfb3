-- Which transactions failed lately, and why?
-- Plan: transactions_failed
SELECT slot, signature, instructions, error_code, error
FROM transactions
WHERE NOT success
ORDER BY slot DESC
LIMIT 50;
