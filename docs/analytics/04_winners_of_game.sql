-- Who won a game?
-- $1 game
-- Plan: winners_pkey
SELECT place, ticket, player, prize
FROM winners
WHERE game = $1
ORDER BY place;
