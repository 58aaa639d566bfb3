-- Which transactions did a wallet pay for lately?
-- $1 player
-- Plan: transactions_by_signer
SELECT signature, slot, block_at, success, error_code, instructions, fee
FROM transactions
WHERE signer = $1
ORDER BY slot DESC
LIMIT 50;
