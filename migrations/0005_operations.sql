-- What could not be stored where it belongs: kept whole, to be looked at and
-- replayed, never dropped.
CREATE TABLE dead_letters (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- 'account' (key is its address); 'transaction', or an 'instruction' or 'event'
    -- of one (key is its signature); 'message' of a stream (key is the source's name).
    kind       TEXT NOT NULL
        CHECK (kind IN ('account', 'transaction', 'instruction', 'event', 'message')),
    key        TEXT NOT NULL,
    slot       slot NOT NULL,
    lamports   u64,
    owner      TEXT,
    bytes      BYTEA NOT NULL,
    -- Why: the decoder's or the database's words.
    reason     TEXT NOT NULL,
    seen_at    TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_slot  slot NOT NULL,
    -- When a replay understood it; NULL while it waits for one that does.
    replayed_at TIMESTAMPTZ,
    -- The same bytes seen again, as every snapshot does, are the same letter.
    digest     BYTEA GENERATED ALWAYS AS (sha256(bytes)) STORED,
    UNIQUE (kind, key, digest)
);
CREATE INDEX dead_letters_waiting ON dead_letters (id) WHERE replayed_at IS NULL;

-- How far the tables are. A single row, written in the transaction that writes
-- the rows it speaks of.
CREATE TABLE watermark (
    single         BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single),
    -- The cluster this database mirrors; the rows of two never mix.
    genesis_hash   TEXT NOT NULL,
    program        address NOT NULL,
    commitment     TEXT NOT NULL,
    -- Slot of the last full snapshot: everything up to it is in the tables.
    snapshot_slot  slot,
    -- Slot up to which the stream has been applied.
    applied_slot   slot,
    -- When the chain was first seen at applied_slot.
    applied_at     TIMESTAMPTZ,
    -- The chain's slot as last seen.
    chain_slot     slot,
    chain_at       TIMESTAMPTZ,
    -- Rows up to these slots are confirmed and finalized: what forks dropped up to
    -- them has been taken back.
    confirmed_slot slot,
    finalized_slot slot,
    last_error     TEXT,
    last_error_at  TIMESTAMPTZ
);

-- How sure it is that what was seen at a slot stays.
CREATE FUNCTION finality(slot BIGINT) RETURNS finality
    LANGUAGE SQL STABLE PARALLEL SAFE
    RETURN (
        SELECT CASE
            WHEN finality.slot <= finalized_slot THEN 'finalized'::finality
            WHEN finality.slot <= confirmed_slot THEN 'confirmed'
            ELSE 'processed'
        END
        FROM watermark
    );

-- Slots that were in the tables until a fork dropped them, and what was taken back.
CREATE TABLE dropped_slots (
    slot         slot PRIMARY KEY,
    dropped_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- Rows read anew from the chain, rows deleted because their accounts never were on
    -- it, and transactions deleted.
    restored     BIGINT NOT NULL,
    deleted      BIGINT NOT NULL,
    transactions BIGINT NOT NULL
);

-- Where the ledger stands: transactions up to this one are in the table.
CREATE TABLE ledger_cursor (
    single    BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single),
    signature TEXT NOT NULL,
    slot      slot NOT NULL
);
