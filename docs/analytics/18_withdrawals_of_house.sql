-- What was withdrawn from a house's treasury lately?
-- $1 house
-- Plan: game_events_by_house
SELECT at, amount, body->>'wallet' AS wallet, body->>'total_withdrawn' AS total
FROM game_events
WHERE house = $1 AND kind = 'treasury_withdrawn'
ORDER BY at DESC
LIMIT 50;
