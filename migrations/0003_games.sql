-- Games and their entries as the chain has them, and what follows from them by
-- recomputation: rounds, winners, jackpot wins and the fate of every entry.

CREATE TABLE games (
    address               address PRIMARY KEY,
    slot                  slot NOT NULL,
    write_version         BIGINT NOT NULL,
    first_slot            slot NOT NULL,
    closed_at_slot        slot,
    lamports              u64 NOT NULL,
    house                 address NOT NULL,
    creator               address NOT NULL,
    -- The draw it is bound to while drawing.
    draw                  address,
    -- Oracles asked for the current round already; NULL where none was.
    tried_oracles         address[] NOT NULL CHECK (cardinality(tried_oracles) = 3),
    -- Token account that holds a token house's money; NULL where it is lamports.
    vault                 address,
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
    -- Of prizes and awards: paid to players, and gone to the mega jackpot because
    -- nobody claimed them in time (base units).
    paid_out              u64 NOT NULL,
    refunded              u64 NOT NULL,
    expired               u64 NOT NULL,
    -- Reward of each crank, and what is held for cranks still to come (lamports).
    bounty                u64 NOT NULL,
    bounty_escrow         u64 NOT NULL,
    opens_at              BIGINT NOT NULL,
    closes_at             BIGINT NOT NULL,
    -- Earliest request of the next draw, where that is not the close: of a later
    -- round, of a sold-out game, or after an abort.
    next_round_at         BIGINT NOT NULL,
    -- Of the last round or the cancellation; 0 before.
    settled_at            BIGINT NOT NULL,
    min_tickets           u32 NOT NULL,
    max_tickets           u32 NOT NULL,
    max_tickets_per_entry u32 NOT NULL,
    tickets               u32 NOT NULL,
    entries               u32 NOT NULL,
    -- Entries whose accounts are closed, as long as the game's is open.
    entries_closed        u32 NOT NULL,
    -- How long prizes may be claimed after the settlement (seconds).
    claim_window          u32 NOT NULL,
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
    -- Draw requests for the current round.
    draw_attempts         u8 NOT NULL,
    -- Bit t (from 0) is set once the award of tier t was paid.
    awards_paid           u8 NOT NULL,
    status                game_status NOT NULL,
    jackpot_hit           BOOLEAN NOT NULL,
    -- Everything owed to players was paid, or has expired.
    fully_paid            BOOLEAN NOT NULL,
    status_and_flags      u8 NOT NULL,
    version               u8 NOT NULL,
    bump                  u8 NOT NULL,
    -- The round count that the entries' fates, rounds, winners and jackpot wins
    -- have been computed for; where it differs from rounds_settled there is work to
    -- do. Negative after a fork took back what it was computed from.
    derived_rounds        SMALLINT NOT NULL DEFAULT 0,
    -- Whether that was done with the settlement's amounts. A game whose vault is
    -- frozen has all its rounds, and gets its amounts later.
    derived_settled       BOOLEAN NOT NULL DEFAULT FALSE,
    opens_time            TIMESTAMPTZ GENERATED ALWAYS AS (unix_time(opens_at)) STORED,
    closes_time           TIMESTAMPTZ GENERATED ALWAYS AS (unix_time(closes_at)) STORED,
    settled_time          TIMESTAMPTZ GENERATED ALWAYS AS
        (CASE WHEN settled_at <> 0 THEN unix_time(settled_at) END) STORED,
    CHECK (rounds_settled <= rounds),
    CHECK (tickets <= max_tickets),
    CHECK (entries <= tickets),
    CHECK (entries_closed <= entries),
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
CREATE INDEX games_to_derive ON games (address)
    WHERE derived_rounds <> rounds_settled OR derived_settled <> (status = 'settled');

CREATE TABLE entries (
    address         address PRIMARY KEY,
    slot            slot NOT NULL,
    write_version   BIGINT NOT NULL,
    first_slot      slot NOT NULL,
    closed_at_slot  slot,
    lamports        u64 NOT NULL,
    game            address NOT NULL,
    player          address NOT NULL,
    -- For all its tickets (base units).
    paid            u64 NOT NULL,
    joined_at       BIGINT NOT NULL,
    first_ticket    u32 NOT NULL,
    tickets         u32 NOT NULL CHECK (tickets > 0),
    -- Reward of whoever refunds or closes it, once each (lamports).
    bounty          u32 NOT NULL,
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
)
-- Room for what becomes of it to be written on the same page: its indexes need not
-- be touched then.
WITH (fillfactor = 80);
CREATE INDEX entries_by_game ON entries (game, first_ticket) INCLUDE (player, tickets);
CREATE INDEX entries_by_player ON entries (player, joined_at DESC);

-- Which games were bound to which draw: seen in a game's account while drawing,
-- or in the transactions.
CREATE TABLE draw_games (
    draw address NOT NULL,
    game address NOT NULL,
    -- When the draw settled a round of the game, or was aborted and let it go; as the
    -- transactions tell.
    settled_at_slot  slot,
    released_at_slot slot,
    PRIMARY KEY (game, draw),
    CHECK (settled_at_slot IS NULL OR released_at_slot IS NULL)
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

-- The jackpots that settled games hit: the history of wins per tier.
CREATE TABLE jackpot_wins (
    game     address NOT NULL,
    tier     SMALLINT NOT NULL CHECK (tier BETWEEN 0 AND 2),
    house    address NOT NULL,
    -- When the game was settled (unix seconds).
    won_at   BIGINT NOT NULL,
    ticket   u32 NOT NULL,
    -- NULL when the entry was closed before this database saw it.
    entry    address,
    player   address,
    award    u64 NOT NULL,
    won_time TIMESTAMPTZ GENERATED ALWAYS AS (unix_time(won_at)) STORED,
    PRIMARY KEY (game, tier)
);
CREATE INDEX jackpot_wins_by_tier ON jackpot_wins (house, tier, won_at DESC);
CREATE INDEX jackpot_wins_by_player ON jackpot_wins (player);
