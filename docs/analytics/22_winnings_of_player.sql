-- What has a player won: which places and jackpots?
-- $1 player
-- Plan: winners_by_player, jackpot_wins_by_player
SELECT w.game, 'place ' || (w.place + 1) AS won, w.prize AS amount
FROM winners w
WHERE w.player = $1
UNION ALL
SELECT j.game, 'jackpot ' || j.tier, j.award
FROM jackpot_wins j
WHERE j.player = $1
ORDER BY game, won
LIMIT 200;
