-- Who won a jackpot, when and how much?
-- $1 house, $2 tier
-- Plan: jackpot_wins_by_tier
SELECT won_time, game, player, ticket, award
FROM jackpot_wins
WHERE house = $1 AND tier = $2
ORDER BY won_at DESC
LIMIT 50;
