-- Which games go on, soonest to close first, and how many play in them?
-- Plan: entries_by_game, games_active
SELECT g.address, g.house, g.status, g.entry_fee, g.tickets, g.closes_time,
       (SELECT count(DISTINCT e.player) FROM entries e WHERE e.game = g.address) AS players
FROM games g
WHERE g.status IN ('open', 'drawing', 'playing') AND g.closed_at_slot IS NULL
ORDER BY g.closes_at, g.address
LIMIT 50;
