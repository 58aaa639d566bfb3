-- By which draws, with which values, were a game's rounds settled?
-- $1 game
-- Plan: draws_pkey, game_rounds_pkey
SELECT r.round, r.tickets, r.survivors, encode(r.seed, 'hex') AS seed,
       d.address AS draw, d.oracle, encode(d.value, 'hex') AS value
FROM game_rounds r
LEFT JOIN draws d ON d.address = r.draw
WHERE r.game = $1
ORDER BY r.round;
