-- What was a player paid lately, and by which transaction?
-- $1 player
SELECT p.at, p.kind, p.game, p.place, p.tier, p.amount, t.signature
FROM payments p
JOIN transactions t ON t.id = p.transaction_id
WHERE p.player = $1
ORDER BY p.at DESC
LIMIT 50;
