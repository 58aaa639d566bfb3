-- What did a player join lately, and how did it end?
-- $1 player
-- Plan: entries_by_player, games_pkey
SELECT e.joined_time, e.game, g.status, e.tickets, e.paid, e.eliminated_round, e.place, e.prize
FROM entries e
LEFT JOIN games g ON g.address = e.game
WHERE e.player = $1
ORDER BY e.joined_at DESC
LIMIT 50;
