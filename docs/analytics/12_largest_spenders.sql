-- Which players spent most?
SELECT player, games_played, spent, prizes + awards AS won
FROM player_stats
WHERE currency = 'SOL'
ORDER BY spent DESC
LIMIT 20;
