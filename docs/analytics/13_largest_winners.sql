-- Which players won most?
SELECT player, games_played, wins, prizes, awards
FROM player_stats
WHERE currency = 'SOL'
ORDER BY prizes + awards DESC
LIMIT 20;
