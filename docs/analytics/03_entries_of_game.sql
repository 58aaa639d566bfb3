-- Who played in a game, and what became of each entry?
-- $1 game
-- Plan: entries_by_game
SELECT player, first_ticket, tickets, paid, eliminated_round, place, prize, jackpot_awards
FROM entries
WHERE game = $1
ORDER BY first_ticket;
