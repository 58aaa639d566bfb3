-- What is in each jackpot, and what did it take in and pay out?
-- Plan: scan of jackpots, scan of jackpot_stats
SELECT j.house, j.tier, j.amount, j.total_contributions, j.total_won, j.hits,
       j.last_won_time, s.contributions, s.gifts, s.largest
FROM jackpots j
LEFT JOIN jackpot_stats s ON s.house = j.house AND s.tier = j.tier
WHERE j.closed_at_slot IS NULL
ORDER BY j.house, j.tier
LIMIT 300;
