-- How many games and players were there on each of the last thirty days?
-- Plan: daily_stats_key
SELECT day, games, settled, cancelled, entries, average_players, gross, treasury_shares
FROM daily_stats
WHERE currency = 'SOL'
ORDER BY day DESC
LIMIT 30;
