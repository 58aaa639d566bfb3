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
