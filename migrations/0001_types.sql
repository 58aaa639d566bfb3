-- Types shared by every table.
--
-- Integers of the chain are unsigned; Postgres has no unsigned types, so each
-- gets the smallest type that holds its whole range, with the range checked.
-- A 64-bit amount does not fit BIGINT, hence NUMERIC: exact, never floating.
CREATE DOMAIN u64 AS NUMERIC(20, 0) CHECK (VALUE >= 0 AND VALUE <= 18446744073709551615);
CREATE DOMAIN u32 AS BIGINT CHECK (VALUE >= 0 AND VALUE <= 4294967295);
CREATE DOMAIN u16 AS INTEGER CHECK (VALUE >= 0 AND VALUE <= 65535);
CREATE DOMAIN u8 AS SMALLINT CHECK (VALUE >= 0 AND VALUE <= 255);

-- A slot of the chain. 2^63 slots last longer than the sun; BIGINT keeps the
-- arithmetic of lags and the indexes cheap.
CREATE DOMAIN slot AS BIGINT CHECK (VALUE >= 0);

-- Addresses are base58 text, as wallets and explorers show them: an analyst can
-- paste one into a query and read one in a result. It costs about 12 bytes more
-- than BYTEA. Collation C makes comparison a memcmp and the sort order the same
-- on every machine, and the same as the indexer's (rows are written in it).
CREATE DOMAIN address AS TEXT COLLATE "C"
    -- A counted repetition in the pattern would take seven times as long.
    CHECK (octet_length(VALUE) BETWEEN 32 AND 44 AND VALUE !~ '[^1-9A-HJ-NP-Za-km-z]');

-- A sha256 digest, a seed or a random value.
CREATE DOMAIN hash32 AS BYTEA CHECK (octet_length(VALUE) = 32);

-- How sure it is that a row stays: a processed block may be dropped by a fork, a
-- confirmed one has the votes of two thirds of the stake, a finalized one is
-- there for good.
CREATE TYPE finality AS ENUM ('processed', 'confirmed', 'finalized');

CREATE TYPE game_status AS ENUM ('open', 'drawing', 'playing', 'settled', 'cancelled');

-- Times are kept losslessly as the chain's unix seconds (BIGINT) and shown as
-- timestamptz in generated columns. The range of BIGINT exceeds timestamptz, so
-- whatever lies outside the years 1 to 9999 shows as NULL.
CREATE FUNCTION unix_time(seconds BIGINT) RETURNS TIMESTAMPTZ
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN seconds BETWEEN -62135596800 AND 253402300799
        THEN to_timestamp(seconds::double precision)
    END;
