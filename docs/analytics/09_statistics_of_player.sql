-- What has a player played, spent and won in all?
-- $1 player
-- Plan: player_stats_key
SELECT currency, games_played, entries, tickets, spent, refunded, wins, prizes, jackpots_won, awards,
       first_joined, last_joined
FROM player_stats
WHERE player = $1
ORDER BY currency;
