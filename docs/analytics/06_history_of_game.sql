-- What happened to a game, in order?
-- $1 game
-- Plan: game_events_by_game
SELECT at, slot, kind, draw, cranker, amount, bounty, body
FROM game_events
WHERE game = $1
ORDER BY at, slot
LIMIT 200;
