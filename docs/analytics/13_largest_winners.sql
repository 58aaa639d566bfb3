-- Which players won most?
-- Plan: player_stats_by_winnings
SELECT player, games_played, wins, prizes, awards
FROM player_stats
WHERE currency = 'SOL'
ORDER BY prizes + awards DESC
LIMIT 20;
