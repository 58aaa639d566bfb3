-- What was asked of the program for a player lately, and did it work?
-- $1 player
-- Plan: instructions_by_player, transactions_pkey
SELECT t.signature, t.block_at, i.name, i.game, i.success, t.error_code
FROM instructions i
JOIN transactions t ON t.id = i.transaction_id
WHERE i.player = $1
ORDER BY i.slot DESC
LIMIT 50;
