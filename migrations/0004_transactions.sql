-- The ledger: every transaction that named the program, failed ones included.
CREATE TABLE transactions (
    signature     TEXT COLLATE "C" PRIMARY KEY
        CHECK (signature ~ '^[1-9A-HJ-NP-Za-km-z]{64,88}$'),
    slot          slot NOT NULL,
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
CREATE INDEX transactions_recent ON transactions (slot DESC, signature);
CREATE INDEX transactions_by_signer ON transactions (signer, slot DESC);

-- What transactions asked of the program: every instruction with its accounts and
-- arguments, failed transactions included.
CREATE TABLE instructions (
    signature TEXT COLLATE "C" NOT NULL,
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
    -- ones is the array "remaining".
    accounts  JSONB NOT NULL,
    -- By name; 64-bit numbers are strings. NULL where they could not be decoded.
    arguments JSONB,
    -- Of an operation: 0 if it was done, else the code of why it was left out. NULL
    -- for instructions, and where the node does not tell.
    result    u32,
    PRIMARY KEY (signature, position),
    CHECK (batch IS NOT NULL OR result IS NULL)
);
CREATE INDEX instructions_by_game ON instructions (game, slot DESC);
CREATE INDEX instructions_by_player ON instructions (player, slot DESC);

-- What the program told of itself: instructions to itself, which only it can sign.
CREATE TABLE events (
    signature   TEXT COLLATE "C" NOT NULL,
    -- Index of the transaction's instruction it came from, and order within it.
    instruction SMALLINT NOT NULL,
    position    INTEGER NOT NULL,
    slot        slot NOT NULL,
    kind        TEXT NOT NULL,
    -- Layout version of the event.
    version     u8 NOT NULL,
    -- Whom it is about, where it says so. Arrays of plain text, so that
    -- games @> ARRAY['…'] finds them by the index.
    house       address,
    draw        address,
    games       TEXT[] NOT NULL,
    players     TEXT[] NOT NULL,
    -- Who was paid the bounty.
    cranker     address,
    -- Moved by it (base units): withdrawn, given, divided, expired or paid to players;
    -- rents that returned are not in it.
    amount      u64,
    -- Paid to the cranker (lamports).
    bounty      u64,
    -- All its fields; 64-bit numbers are strings, bytes hex.
    body        JSONB NOT NULL,
    PRIMARY KEY (signature, instruction, position)
);
CREATE INDEX events_by_kind ON events (kind, slot DESC);
CREATE INDEX events_by_house ON events (house, kind);
CREATE INDEX events_by_game ON events USING gin (games);

-- Every payment to a player, from the events.
CREATE TABLE payments (
    signature   TEXT COLLATE "C" NOT NULL,
    instruction SMALLINT NOT NULL,
    position    INTEGER NOT NULL,
    -- Order within the event.
    number      INTEGER NOT NULL,
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
    PRIMARY KEY (signature, instruction, position, number),
    CHECK ((place IS NOT NULL) = (kind = 'prize')),
    CHECK ((tier IS NOT NULL) = (kind = 'award')),
    CHECK ((ticket IS NOT NULL) = (kind IN ('prize', 'award')))
);
CREATE INDEX payments_by_game ON payments (game, kind);
CREATE INDEX payments_by_player ON payments (player, slot DESC);
