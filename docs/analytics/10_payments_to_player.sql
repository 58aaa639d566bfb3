-- What was a player paid lately, and by which transaction?
-- $1 player
-- Plan: payments_by_player, transactions_pkey
SELECT p.at, p.kind, p.game, p.place, p.tier, p.amount, t.signature
FROM payments p
JOIN transactions t ON t.id = p.transaction_id
WHERE p.player = $1
ORDER BY p.at DESC
LIMIT 50;
