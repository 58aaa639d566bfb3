-- Every transaction that was signed, written before it is sent, and what became
-- of it. A keeper that takes over learns here what may still be under way.
CREATE TABLE journal (
    signature    BYTEA PRIMARY KEY CHECK (octet_length(signature) = 64),
    -- Name of the lease under which it was signed.
    lease        TEXT NOT NULL,
    -- Epoch in which it was signed; never changes.
    signed_epoch BIGINT NOT NULL CHECK (signed_epoch > 0),
    -- Epoch of the keeper that follows it: a later one once it was adopted.
    epoch        BIGINT NOT NULL CHECK (epoch > 0),
    -- What it is for, as the keeper named it; NULL if it did not.
    intent       JSONB,
    -- The signed bytes, as they go over the wire; the largest format has 4096.
    transaction  BYTEA NOT NULL CHECK (octet_length(transaction) BETWEEN 1 AND 4096),
    -- The last block height at which it can land.
    last_valid_block_height BIGINT NOT NULL CHECK (last_valid_block_height >= 0),
    signed_at    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    -- 'open': may land yet, as far as is known; 'landed' took effect; 'failed' was
    -- included and had none; 'dead' can never be included.
    state        TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'landed', 'failed', 'dead')),
    -- Slot in which it was included.
    slot         BIGINT CHECK (slot >= 0),
    -- Why it failed.
    error        TEXT,
    -- When its end was written.
    ended_at     TIMESTAMPTZ,
    CHECK ((ended_at IS NULL) = (state = 'open')),
    CHECK ((slot IS NOT NULL) = (state IN ('landed', 'failed'))),
    CHECK ((error IS NOT NULL) = (state = 'failed'))
);

-- What a keeper that takes over asks for.
CREATE INDEX journal_open ON journal (lease, signed_epoch) WHERE state = 'open';

-- What is forgotten after a while.
CREATE INDEX journal_ended ON journal (lease, ended_at) WHERE state <> 'open';
