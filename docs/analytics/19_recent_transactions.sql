-- What are the newest transactions?
-- Plan: transactions_recent
SELECT signature, slot, block_at, success, error_code, instructions, signer, fee, compute_units
FROM transactions
ORDER BY slot DESC, id DESC
LIMIT 50;
