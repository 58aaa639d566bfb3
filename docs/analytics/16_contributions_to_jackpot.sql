-- What went into a jackpot lately?
-- $1 house, $2 tier
-- Plan: jackpot_contributions_by_tier
SELECT at, source, game, giver, amount, pot
FROM jackpot_contributions
WHERE house = $1 AND tier = $2
ORDER BY at DESC
LIMIT 50;
