-- What are the newest transactions?
SELECT signature, slot, block_at, success, error_code, instructions, signer, fee, compute_units
FROM transactions
ORDER BY slot DESC, id DESC
LIMIT 50;
