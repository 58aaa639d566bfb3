-- What happened to a game, in order?
-- $1 game
SELECT at, slot, kind, draw, cranker, amount, bounty, body
FROM game_events
WHERE game = $1
ORDER BY at, slot
LIMIT 200;
