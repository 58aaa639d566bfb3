-- What are a house's newest games?
-- $1 house
-- Plan: games_by_house
SELECT id, address, status, entry_fee, tickets, entries, prize_pool, opens_time, settled_time
FROM games
WHERE house = $1
ORDER BY id DESC
LIMIT 50;
