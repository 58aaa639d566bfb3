-- Games and their entries as the chain has them, and what follows from them by
-- recomputation: rounds, winners, jackpot wins and the fate of every entry.

CREATE TABLE games (
    address               address PRIMARY KEY,
    slot                  slot NOT NULL,
    write_version         BIGINT NOT NULL DEFAULT 0,
    closed_at_slot        slot,
    lamports              u64 NOT NULL,
    house                 address NOT NULL,
    creator               address NOT NULL,
    -- The draw it is bound to while drawing.
    draw                  address,
    last_oracle           address,
    entries_hash          hash32 NOT NULL,
    -- The seeds of all eight rounds, one after the other; zero beyond the
    -- settled ones. `game_rounds` has them one a row.
    round_seeds           BYTEA NOT NULL CHECK (octet_length(round_seeds) = 256),
    id                    u64 NOT NULL,
    -- Price of a ticket (base units).
    entry_fee             u64 NOT NULL CHECK (entry_fee > 0),
    rent_reserve          u64 NOT NULL,
    prize_pool            u64 NOT NULL,
    treasury_share        u64 NOT NULL,
    jackpot_contributions u64[] NOT NULL CHECK (cardinality(jackpot_contributions) = 3),
    jackpot_awards        u64[] NOT NULL CHECK (cardinality(jackpot_awards) = 3),
    jackpot_mean          u64[] NOT NULL CHECK (cardinality(jackpot_mean) = 3),
    paid_out              u64 NOT NULL,
    refunded              u64 NOT NULL,
    opens_at              BIGINT NOT NULL,
    closes_at             BIGINT NOT NULL,
    next_round_at         BIGINT NOT NULL,
    -- Of the last round or the cancellation; 0 before.
    settled_at            BIGINT NOT NULL,
    min_tickets           u32 NOT NULL,
    max_tickets           u32 NOT NULL,
    max_tickets_per_entry u32 NOT NULL,
    tickets               u32 NOT NULL,
    entries               u32 NOT NULL,
    -- Bit p (from 0) is set once place p was paid.
    places_paid           u32 NOT NULL,
    round_interval        u32 NOT NULL,
    jackpot_tickets       u32[] NOT NULL CHECK (cardinality(jackpot_tickets) = 3),
    keep_bps              u16[] NOT NULL CHECK (cardinality(keep_bps) = 8),
    place_bps             u16[] NOT NULL CHECK (cardinality(place_bps) = 32),
    prize_bps             u16 NOT NULL,
    treasury_bps          u16 NOT NULL,
    jackpot_bps           u16[] NOT NULL CHECK (cardinality(jackpot_bps) = 3),
    reserve_bps           u16[] NOT NULL CHECK (cardinality(reserve_bps) = 3),
    draw_index            u16 NOT NULL,
    rounds                u8 NOT NULL CHECK (rounds BETWEEN 1 AND 8),
    rounds_settled        u8 NOT NULL,
    winners               u8 NOT NULL CHECK (winners BETWEEN 1 AND 32),
    draw_attempts         u8 NOT NULL,
    -- Bit t (from 0) is set once the award of tier t was paid.
    awards_paid           u8 NOT NULL,
    status                game_status NOT NULL,
    jackpot_hit           BOOLEAN NOT NULL,
    fully_paid            BOOLEAN NOT NULL,
    status_and_flags      u8 NOT NULL,
    version               u8 NOT NULL,
    bump                  u8 NOT NULL,
    -- The round count that the entries' fates, rounds, winners and jackpot wins
    -- have been computed for; behind rounds_settled there is work to do.
    derived_rounds        SMALLINT NOT NULL DEFAULT 0,
    opens_time            TIMESTAMPTZ GENERATED ALWAYS AS (unix_time(opens_at)) STORED,
    closes_time           TIMESTAMPTZ GENERATED ALWAYS AS (unix_time(closes_at)) STORED,
    settled_time          TIMESTAMPTZ GENERATED ALWAYS AS
        (CASE WHEN settled_at <> 0 THEN unix_time(settled_at) END) STORED,
    CHECK (rounds_settled <= rounds),
    CHECK (tickets <= max_tickets),
    CHECK (entries <= tickets),
    CHECK ((status = 'drawing') = (draw IS NOT NULL)),
    CHECK (prize_bps + treasury_bps + jackpot_bps[1] + jackpot_bps[2] + jackpot_bps[3] = 10000)
);
CREATE UNIQUE INDEX games_by_house ON games (house, id);
-- Pages of all games, newest first, and of those of one status.
CREATE INDEX games_by_opening ON games (opens_at DESC, address DESC);
CREATE INDEX games_by_status ON games (status, opens_at DESC, address DESC);
-- The few games that go on, soonest to close first.
CREATE INDEX games_active ON games (closes_at, address)
    WHERE status IN ('open', 'drawing', 'playing') AND closed_at_slot IS NULL;
-- The queue of the deriver.
CREATE INDEX games_to_derive ON games (address) WHERE derived_rounds <> rounds_settled;

CREATE TABLE entries (
    address         address PRIMARY KEY,
    slot            slot NOT NULL,
    write_version   BIGINT NOT NULL DEFAULT 0,
    closed_at_slot  slot,
    lamports        u64 NOT NULL,
    game            address NOT NULL,
    player          address NOT NULL,
    -- For all its tickets (base units).
    paid            u64 NOT NULL,
    joined_at       BIGINT NOT NULL,
    first_ticket    u32 NOT NULL,
    tickets         u32 NOT NULL CHECK (tickets > 0),
    nonce           u16 NOT NULL,
    refunded        BOOLEAN NOT NULL,
    version         u8 NOT NULL,
    bump            u8 NOT NULL,
    joined_time     TIMESTAMPTZ GENERATED ALWAYS AS (unix_time(joined_at)) STORED,
    -- Computed from the game's seeds. The round (0 is the first) in which the
    -- last of its tickets went out; NULL while one is in, or won.
    eliminated_round SMALLINT CHECK (eliminated_round BETWEEN 0 AND 7),
    -- Best place (0 is the first prize); NULL unless it won one.
    place           SMALLINT CHECK (place BETWEEN 0 AND 31),
    -- Sum of its winning tickets' prizes (base units); NULL until the game is settled.
    prize           u64,
    -- Award per tier, 0 where not won (base units); NULL until the game is settled.
    jackpot_awards  u64[] CHECK (cardinality(jackpot_awards) = 3),
    CHECK (place IS NULL OR eliminated_round IS NULL)
);
CREATE INDEX entries_by_game ON entries (game, first_ticket) INCLUDE (player, tickets);
CREATE INDEX entries_by_player ON entries (player, joined_at DESC);

-- Which games were bound to which draw: seen in a game's account while drawing,
-- or in the transactions. A draw that was aborted may be among them.
CREATE TABLE draw_games (
    draw address NOT NULL,
    game address NOT NULL,
    PRIMARY KEY (game, draw)
);
CREATE INDEX draw_games_by_draw ON draw_games (draw);

-- A settled round of a game.
CREATE TABLE game_rounds (
    game    address NOT NULL,
    -- 0 is the first.
    round   SMALLINT NOT NULL CHECK (round BETWEEN 0 AND 7),
    -- Tickets before and after.
    tickets u32 NOT NULL,
    survivors u32 NOT NULL,
    seed    hash32 NOT NULL,
    -- The draw its seed recomputes from. Written only once it was recomputed:
    -- sha256('draw' || draws.value || game || round) = seed.
    draw    address,
    PRIMARY KEY (game, round)
);
CREATE INDEX game_rounds_unproven ON game_rounds (game) WHERE draw IS NULL;

-- The tickets that won a settled game's places.
CREATE TABLE winners (
    game   address NOT NULL,
    -- 0 is the first prize.
    place  SMALLINT NOT NULL CHECK (place BETWEEN 0 AND 31),
    ticket u32 NOT NULL,
    -- NULL when the entry was closed before this database saw it.
    entry  address,
    player address,
    prize  u64 NOT NULL,
    PRIMARY KEY (game, place)
);
CREATE INDEX winners_by_player ON winners (player);

-- The jackpots that settled games hit.
CREATE TABLE jackpot_wins (
    game   address NOT NULL,
    tier   SMALLINT NOT NULL CHECK (tier BETWEEN 0 AND 2),
    ticket u32 NOT NULL,
    entry  address,
    player address,
    award  u64 NOT NULL,
    PRIMARY KEY (game, tier)
);
CREATE INDEX jackpot_wins_by_player ON jackpot_wins (player);
