-- How the oracles answered, so that a keeper that starts knows whom to ask. Each
-- leader replaces the rows of its lease by what it knows.
CREATE TABLE oracles (
    -- Name of the lease whose holder asked.
    lease                TEXT NOT NULL,
    -- Base58. Collation C sorts as the keeper does, which writes in this order.
    oracle               TEXT COLLATE "C" NOT NULL
                         CHECK (oracle ~ '^[1-9A-HJ-NP-Za-km-z]{32,44}$'),
    -- Draws that it gave the value of, and those that it was asked for in vain.
    answers              BIGINT NOT NULL CHECK (answers >= 0),
    failures             BIGINT NOT NULL CHECK (failures >= 0),
    -- Questions in vain since its last answer, several of a draw perhaps.
    consecutive_failures BIGINT NOT NULL CHECK (consecutive_failures BETWEEN 0 AND 4294967295),
    -- By the chain's clock (unix seconds).
    last_failure_at      BIGINT,
    -- Moving mean of the time that its answers took (milliseconds).
    latency_ms_ema       BIGINT CHECK (latency_ms_ema >= 0),
    updated_at           TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lease, oracle)
);
