-- The ledger: every transaction that named the program, failed ones included, and
-- what it asked, told and paid. A transaction and its parts are written together,
-- once; later nothing changes them, but a fork may take all of it back.

CREATE TABLE transactions (
    -- Short, for the rows that belong to it.
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    signature     TEXT COLLATE "C" NOT NULL UNIQUE
        CHECK (octet_length(signature) BETWEEN 64 AND 88
               AND signature !~ '[^1-9A-HJ-NP-Za-km-z]'),
    slot          slot NOT NULL,
    -- Order within the block; NULL where the node did not tell.
    block_index   INTEGER,
    -- Unix seconds; NULL where the node does not know.
    block_time    BIGINT,
    success       BOOLEAN NOT NULL,
    -- The runtime's error, as JSON; NULL on success.
    error         JSONB,
    -- The program's own error code, where the error was one.
    error_code    u32,
    -- Lamports.
    fee           u64 NOT NULL,
    compute_units u64,
    -- Names of the program's instructions, in order, inner ones included.
    instructions  TEXT[] NOT NULL,
    -- Fee payer.
    signer        address NOT NULL,
    block_at      TIMESTAMPTZ GENERATED ALWAYS AS (unix_time(block_time)) STORED,
    CHECK (success = (error IS NULL))
);
CREATE INDEX transactions_recent ON transactions (slot DESC, id DESC);
CREATE INDEX transactions_by_signer ON transactions (signer, slot DESC);
CREATE INDEX transactions_failed ON transactions (slot DESC) WHERE NOT success;

-- What transactions asked of the program: every instruction with its accounts and
-- arguments, failed transactions included.
CREATE TABLE instructions (
    transaction_id BIGINT NOT NULL,
    -- Order within the transaction, from 0. The operations of a player_batch follow
    -- it, each a row of its own under the name of the instruction it stands for.
    position  INTEGER NOT NULL,
    slot      slot NOT NULL,
    -- Of the whole transaction.
    success   BOOLEAN NOT NULL,
    -- Index of the transaction's instruction that it is, or was called by.
    top       SMALLINT NOT NULL,
    -- Position of the batch whose operation it is.
    batch     INTEGER,
    name      TEXT NOT NULL,
    house     address,
    game      address,
    draw      address,
    entry     address,
    player    address,
    -- By name; null for an optional one that was not given. What follows the named
    -- ones is the array "remaining". Those that are always the same (programs, the event
    -- authority) are left out.
    accounts  JSONB NOT NULL,
    -- By name; 64-bit numbers are strings. NULL where they could not be decoded.
    arguments JSONB,
    -- Of an operation: 0 if it was done, else the code of why it was left out. NULL
    -- for instructions, and where the node does not tell.
    result    u32,
    PRIMARY KEY (transaction_id, position),
    CHECK (batch IS NOT NULL OR result IS NULL)
);
CREATE INDEX instructions_by_game ON instructions (game, slot DESC);
CREATE INDEX instructions_by_player ON instructions (player, slot DESC);

CREATE TYPE event_kind AS ENUM (
    'house_changed', 'treasury_withdrawn', 'jackpot_funded', 'game_created',
    'draw_requested', 'draw_revealed', 'draw_settled', 'game_settled', 'draw_aborted',
    'game_cancelled', 'players_paid', 'prizes_expired', 'game_closed'
);

-- What the program told of itself: instructions to itself, which only it can sign. A
-- row a game that the event is about, or one if it is about none.
--
-- Partitioned by month; the service makes partitions ahead and, where it is told
-- for how long to keep them, drops old ones. Rows of times for which there is no
-- partition go to the last one, so that nothing is lost.
CREATE TABLE game_events (
    transaction_id BIGINT NOT NULL,
    -- Index of the transaction's instruction it came from, and order within it.
    instruction SMALLINT NOT NULL,
    position    INTEGER NOT NULL,
    -- Order of the game within the event, from 0.
    item        SMALLINT NOT NULL,
    -- Time of the block, or, where no node knew it, when it was seen.
    at          TIMESTAMPTZ NOT NULL,
    slot        slot NOT NULL,
    kind        event_kind NOT NULL,
    -- Layout version of the event.
    version     u8 NOT NULL,
    -- Whom it is about, where it says so. Players are in `payments`.
    house       address,
    game        address,
    draw        address,
    -- Who was paid the bounty. This and the two amounts are of the whole event, and
    -- stand in its first row alone, so that they can be added up.
    cranker     address,
    -- Moved by it (base units): withdrawn, given, divided, expired or paid to players;
    -- rents that returned are not in it.
    amount      u64,
    -- Paid to the cranker (lamports).
    bounty      u64,
    -- Its other fields; 64-bit numbers are strings, bytes hex. Payments to players are
    -- in `payments`.
    body        JSONB NOT NULL,
    PRIMARY KEY (transaction_id, instruction, position, item, at)
) PARTITION BY RANGE (at);
CREATE TABLE game_events_rest PARTITION OF game_events DEFAULT;
CREATE INDEX game_events_by_game ON game_events (game, at DESC) WHERE game IS NOT NULL;
CREATE INDEX game_events_by_house ON game_events (house, kind, at DESC) WHERE house IS NOT NULL;

-- Every payment to a player, from the events.
CREATE TABLE payments (
    transaction_id BIGINT NOT NULL,
    instruction SMALLINT NOT NULL,
    position    INTEGER NOT NULL,
    -- Order within the event.
    number      SMALLINT NOT NULL,
    -- As of its event.
    at          TIMESTAMPTZ NOT NULL,
    slot        slot NOT NULL,
    -- 'rent' is an entry's rent and unspent bounties, in lamports.
    kind        TEXT NOT NULL CHECK (kind IN ('prize', 'award', 'refund', 'rent')),
    game        address NOT NULL,
    entry       address NOT NULL,
    player      address NOT NULL,
    -- Of a prize (0 is the first).
    place       SMALLINT,
    -- Of an award (0 minor, 1 major, 2 mega).
    tier        SMALLINT,
    -- The winning ticket of a prize or an award.
    ticket      u32,
    -- Base units; lamports of a rent.
    amount      u64 NOT NULL,
    PRIMARY KEY (transaction_id, instruction, position, number),
    CHECK ((place IS NOT NULL) = (kind = 'prize')),
    CHECK ((tier IS NOT NULL) = (kind = 'award')),
    CHECK ((ticket IS NOT NULL) = (kind IN ('prize', 'award')))
);
CREATE INDEX payments_by_game ON payments (game, kind);
CREATE INDEX payments_by_player ON payments (player, at DESC);

-- What winners were paid: prizes and jackpots, with the transaction that did it.
CREATE VIEW claims AS
    SELECT p.game, p.entry, p.player, p.kind, p.place, p.tier, p.ticket, p.amount, p.at, p.slot,
           t.signature
    FROM payments p JOIN transactions t ON t.id = p.transaction_id
    WHERE p.kind IN ('prize', 'award');

-- Every payment into a jackpot, from the events: the history of contributions per tier.
CREATE TABLE jackpot_contributions (
    transaction_id BIGINT NOT NULL,
    instruction SMALLINT NOT NULL,
    position    INTEGER NOT NULL,
    tier        SMALLINT NOT NULL CHECK (tier BETWEEN 0 AND 2),
    at          TIMESTAMPTZ NOT NULL,
    slot        slot NOT NULL,
    house       address NOT NULL,
    -- 'game' is the share of a settled game, 'gift' what somebody gave, 'expiry' prizes
    -- that nobody claimed in time.
    source      TEXT NOT NULL CHECK (source IN ('game', 'gift', 'expiry')),
    -- Of a share or of expired prizes.
    game        address,
    -- Who gave a gift.
    giver       address,
    -- Base units; and what was in the pot afterwards, awards of the same game deducted.
    amount      u64 NOT NULL,
    pot         u64 NOT NULL,
    PRIMARY KEY (transaction_id, instruction, position, tier),
    CHECK ((game IS NULL) = (source = 'gift')),
    CHECK ((giver IS NOT NULL) = (source = 'gift'))
);
CREATE INDEX jackpot_contributions_by_tier ON jackpot_contributions (house, tier, at DESC);
