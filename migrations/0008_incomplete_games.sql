-- Games of which rows are missing that their transactions speak of: they, or entries of
-- theirs, came and went while nobody looked. The ledger tells how they were made and what
-- became of them, so the rows are made from it, and the game is taken off this list.
CREATE TABLE incomplete_games (
    game     address PRIMARY KEY,
    -- The newest slot at which a transaction spoke of what is missing.
    slot     slot NOT NULL,
    noted_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    -- Why the ledger does not suffice, such as history that its node no longer had: a
    -- backfill brings it. NULL while nobody has tried.
    reason   TEXT
);
CREATE INDEX incomplete_games_waiting ON incomplete_games (slot) WHERE reason IS NULL;
