-- What did a game pay, by kind?
-- $1 game
-- Plan: payments_by_game
SELECT kind, count(*) AS payments, sum(amount) AS amount
FROM payments
WHERE game = $1
GROUP BY kind
ORDER BY kind;
