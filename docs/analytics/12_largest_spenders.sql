-- Which players spent most?
-- Plan: player_stats_by_spending
SELECT player, games_played, spent, prizes + awards AS won
FROM player_stats
WHERE currency = 'SOL'
ORDER BY spent DESC
LIMIT 20;
