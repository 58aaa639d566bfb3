-- The keeper's own tables. They live in the schema lottery_keeper, which is the
-- search path of its connections, so that they may share a database with the
-- indexer's without sharing a name.

-- Who leads. A row per lease; several houses' keepers share a database by using
-- leases of different names. All times are this server's: what the clocks of the
-- keepers' machines say means nothing.
--
-- Rows are never deleted: the epoch must grow, because it is what tells a keeper
-- that leads from one that did (the journal's writers check it).
CREATE TABLE lease (
    name        TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 100),
    -- The process that holds it or held it last: 128 random bits, as hex …
    holder      TEXT NOT NULL CHECK (holder ~ '^[0-9a-f]{32}$'),
    -- … and its host and process id, for people.
    label       TEXT NOT NULL,
    -- One more at every acquisition, from 1.
    epoch       BIGINT NOT NULL CHECK (epoch > 0),
    acquired_at TIMESTAMPTZ NOT NULL,
    -- Until then nobody else takes it; in the past once it was released.
    expires_at  TIMESTAMPTZ NOT NULL
);
