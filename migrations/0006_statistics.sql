-- Statistics, computed from all rows and refreshed by the service beside its other
-- work, without keeping readers waiting (hence a unique index on each). Amounts of
-- different tokens cannot be added up, so every row is of one currency: the address
-- of the token's mint, or 'SOL' for native SOL, in base units.

-- A player's games, and what they cost and won.
CREATE MATERIALIZED VIEW player_stats AS
    SELECT e.player,
           COALESCE(h.mint::text, 'SOL') AS currency,
           count(DISTINCT e.game) AS games_played,
           count(*) AS entries,
           sum(e.tickets)::bigint AS tickets,
           -- Paid for tickets, those of cancelled games included.
           sum(e.paid)::numeric AS spent,
           COALESCE(sum(e.paid) FILTER (WHERE e.refunded), 0)::numeric AS refunded,
           -- Entries that won a place, and those that won a jackpot.
           count(e.place) AS wins,
           count(*) FILTER (WHERE e.jackpot_awards[1] + e.jackpot_awards[2]
                                  + e.jackpot_awards[3] > 0) AS jackpots_won,
           COALESCE(sum(e.prize), 0)::numeric AS prizes,
           COALESCE(sum(e.jackpot_awards[1] + e.jackpot_awards[2] + e.jackpot_awards[3]), 0)::numeric
               AS awards,
           min(e.joined_time) AS first_joined,
           max(e.joined_time) AS last_joined
    FROM entries e
    LEFT JOIN games g ON g.address = e.game
    LEFT JOIN houses h ON h.address = g.house
    GROUP BY e.player, currency
    WITH NO DATA;
CREATE UNIQUE INDEX player_stats_key ON player_stats (player, currency);
CREATE INDEX player_stats_by_spending ON player_stats (currency, spent DESC);
CREATE INDEX player_stats_by_winnings ON player_stats (currency, (prizes + awards) DESC);

-- What each jackpot took in and paid out, by the rows of its history. (What is in the
-- pot now is in `jackpots`.)
CREATE MATERIALIZED VIEW jackpot_stats AS
    SELECT j.house,
           j.tier,
           COALESCE(h.mint::text, 'SOL') AS currency,
           COALESCE(c.contributions, 0) AS contributions,
           COALESCE(c.contributed, 0)::numeric AS contributed,
           COALESCE(c.gifts, 0)::numeric AS gifts,
           COALESCE(w.wins, 0) AS wins,
           COALESCE(w.won, 0)::numeric AS won,
           COALESCE(w.largest, 0)::numeric AS largest,
           w.last_won
    FROM jackpots j
    LEFT JOIN houses h ON h.address = j.house
    LEFT JOIN (SELECT house, tier, count(*) AS contributions, sum(amount) AS contributed,
                      sum(amount) FILTER (WHERE source = 'gift') AS gifts
               FROM jackpot_contributions GROUP BY house, tier) c
        ON c.house = j.house AND c.tier = j.tier
    LEFT JOIN (SELECT house, tier, count(*) AS wins, sum(award) AS won, max(award) AS largest,
                      max(won_time) AS last_won
               FROM jackpot_wins GROUP BY house, tier) w
        ON w.house = j.house AND w.tier = j.tier
    WITH NO DATA;
CREATE UNIQUE INDEX jackpot_stats_key ON jackpot_stats (house, tier);

-- Each day's games (by opening time, UTC), and how many played in them.
CREATE MATERIALIZED VIEW daily_stats AS
    SELECT (g.opens_time AT TIME ZONE 'UTC')::date AS day,
           COALESCE(h.mint::text, 'SOL') AS currency,
           count(*) AS games,
           count(*) FILTER (WHERE g.status = 'settled') AS settled,
           count(*) FILTER (WHERE g.status = 'cancelled') AS cancelled,
           sum(g.entries)::bigint AS entries,
           sum(g.tickets)::bigint AS tickets,
           round(COALESCE(sum(p.players), 0)::numeric / count(*), 2) AS average_players,
           sum(g.entry_fee * g.tickets)::numeric AS gross,
           sum(g.prize_pool)::numeric AS prizes,
           sum(g.treasury_share)::numeric AS treasury_shares,
           sum(g.jackpot_contributions[1] + g.jackpot_contributions[2]
               + g.jackpot_contributions[3])::numeric AS jackpot_contributions,
           count(*) FILTER (WHERE g.jackpot_hit) AS jackpots_hit
    FROM games g
    LEFT JOIN houses h ON h.address = g.house
    LEFT JOIN (SELECT game, count(DISTINCT player) AS players FROM entries GROUP BY game) p
        ON p.game = g.address
    WHERE g.opens_time IS NOT NULL
    GROUP BY day, currency
    WITH NO DATA;
CREATE UNIQUE INDEX daily_stats_key ON daily_stats (day, currency);

-- When each was last refreshed, and how long it took.
CREATE TABLE statistics_refreshes (
    name         TEXT PRIMARY KEY,
    refreshed_at TIMESTAMPTZ NOT NULL,
    seconds      DOUBLE PRECISION NOT NULL
);
