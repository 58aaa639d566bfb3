-- The program's accounts other than games and entries, a table a kind.
--
-- Every account row carries:
--   slot           the slot at which these contents were observed; an update
--                  with a lower (slot, write_version) is stale and ignored. Its
--                  finality is finality(slot)
--   write_version  order of the writes within the slot; the largest BIGINT where
--                  these contents are the last of their slot
--   first_slot     the slot at which the account was first seen
--   closed_at_slot the slot at which the account was gone; the row stays
--   lamports       the account's balance, rent included
--
-- No foreign keys: accounts arrive in any order, and a batch must not fail
-- because its neighbour has not come yet. `lottery-indexer verify` checks that
-- the tables agree with the chain and with each other.

CREATE TABLE houses (
    address         address PRIMARY KEY,
    slot            slot NOT NULL,
    write_version   BIGINT NOT NULL,
    first_slot      slot NOT NULL,
    closed_at_slot  slot,
    lamports        u64 NOT NULL,
    authority       address NOT NULL,
    -- Who may take the authority over; NULL while nobody may.
    pending_authority address,
    creator         address NOT NULL,
    treasury_wallet address NOT NULL,
    vrf_queue       address NOT NULL,
    -- The token it plays for; NULL for native SOL. "Base units" are the token's
    -- smallest units then, and lamports otherwise.
    mint            address,
    -- Per tier (minor, major, mega): mean contribution between hits, and the most a hit pays (base units).
    jackpot_mean    u64[] NOT NULL CHECK (cardinality(jackpot_mean) = 3),
    -- Reward of a crank (lamports, whatever the currency).
    bounty          u64 NOT NULL,
    -- How long a draw waits for its oracle before it may be aborted (slots).
    draw_timeout    u64 NOT NULL,
    -- How long prizes may be claimed after the settlement (seconds).
    claim_window    u32 NOT NULL,
    -- Shares of every entry fee (bps).
    prize_bps       u16 NOT NULL,
    treasury_bps    u16 NOT NULL,
    jackpot_bps     u16[] NOT NULL CHECK (cardinality(jackpot_bps) = 3),
    -- Kept back from each award (bps).
    reserve_bps     u16[] NOT NULL CHECK (cardinality(reserve_bps) = 3),
    id              u16 NOT NULL,
    games_paused    BOOLEAN NOT NULL,
    joins_paused    BOOLEAN NOT NULL,
    open_creation   BOOLEAN NOT NULL,
    -- All flag bits as stored, those this version has no name for included.
    flags           u8 NOT NULL,
    version         u8 NOT NULL,
    bump            u8 NOT NULL,
    CHECK (prize_bps + treasury_bps + jackpot_bps[1] + jackpot_bps[2] + jackpot_bps[3] = 10000)
);

CREATE TABLE treasuries (
    address         address PRIMARY KEY,
    slot            slot NOT NULL,
    write_version   BIGINT NOT NULL,
    first_slot      slot NOT NULL,
    closed_at_slot  slot,
    lamports        u64 NOT NULL,
    house           address NOT NULL,
    -- Token account that holds a token house's money; NULL where it is lamports.
    vault           address,
    rent_reserve    u64 NOT NULL,
    -- Owed to the treasury wallet now, ever accrued, and ever paid to the wallet
    -- (base units).
    accrued         u64 NOT NULL,
    total_accrued   u64 NOT NULL,
    total_withdrawn u64 NOT NULL,
    games_created   u64 NOT NULL,
    games_settled   u64 NOT NULL,
    version         u8 NOT NULL,
    bump            u8 NOT NULL
);
CREATE INDEX treasuries_by_house ON treasuries (house);

CREATE TABLE jackpots (
    address             address PRIMARY KEY,
    slot                slot NOT NULL,
    write_version       BIGINT NOT NULL,
    first_slot          slot NOT NULL,
    closed_at_slot      slot,
    lamports            u64 NOT NULL,
    house               address NOT NULL,
    -- 0 minor, 1 major, 2 mega.
    tier                u8 NOT NULL CHECK (tier < 3),
    -- Game that hit it last, and its winner once the award was claimed.
    last_game           address,
    last_winner         address,
    -- Token account that holds a token house's money; NULL where it is lamports.
    vault               address,
    rent_reserve        u64 NOT NULL,
    -- In the pot now (base units).
    amount              u64 NOT NULL,
    -- Ever paid in: by games, as gifts and, into the mega jackpot, unclaimed prizes.
    total_contributions u64 NOT NULL,
    total_won           u64 NOT NULL,
    hits                u64 NOT NULL,
    last_won_amount     u64 NOT NULL,
    last_won_at         BIGINT NOT NULL,
    -- Grows with every change of the account.
    revision            u64 NOT NULL,
    last_modified_slot  u64 NOT NULL,
    last_ticket         u32 NOT NULL,
    version             u8 NOT NULL,
    bump                u8 NOT NULL,
    last_won_time       TIMESTAMPTZ GENERATED ALWAYS AS
        (CASE WHEN hits > 0 THEN unix_time(last_won_at) END) STORED,
    -- NULL while the tier was never hit.
    CHECK ((hits = 0) = (last_game IS NULL))
);
CREATE INDEX jackpots_by_house ON jackpots (house, tier);

CREATE TABLE lanes (
    address         address PRIMARY KEY,
    slot            slot NOT NULL,
    write_version   BIGINT NOT NULL,
    first_slot      slot NOT NULL,
    closed_at_slot  slot,
    lamports        u64 NOT NULL,
    house           address NOT NULL,
    randomness      address NOT NULL,
    payer           address NOT NULL,
    next_draw       u64 NOT NULL,
    draws_revealed  u64 NOT NULL,
    -- 0 idle, 1 committed.
    state           u8 NOT NULL,
    index           u8 NOT NULL,
    version         u8 NOT NULL,
    bump            u8 NOT NULL,
    randomness_bump u8 NOT NULL
);
CREATE INDEX lanes_by_house ON lanes (house, index);

-- A draw's account lives only from its request until its last game is settled,
-- or released by an abort; its row is the record. What the account stream missed is
-- filled in from the transactions.
CREATE TABLE draws (
    address        address PRIMARY KEY,
    slot           slot NOT NULL,
    write_version  BIGINT NOT NULL,
    first_slot     slot NOT NULL,
    closed_at_slot slot,
    lamports       u64 NOT NULL,
    house          address NOT NULL,
    lane           address NOT NULL,
    oracle         address NOT NULL,
    payer          address NOT NULL,
    -- The random value; NULL until the reveal, and for ever after an abort.
    value          hash32,
    -- NULL when the row comes from transactions alone.
    id             u64,
    seed_slot      u64 NOT NULL,
    reveal_slot    u64,
    requested_at   BIGINT NOT NULL,
    -- Last slot of the oracle's time; later anybody may abort. NULL when the row
    -- comes from transactions alone and its house is unknown.
    timeout_slot   u64,
    -- Held for the reveal, or for the releases of an abort (lamports).
    bounty         u64 NOT NULL,
    games          u16 NOT NULL,
    -- Games settled, or released by an abort, so far.
    settled        u16 NOT NULL,
    -- 0 pending, 1 revealed, 2 aborted.
    state          u8 NOT NULL,
    version        u8 NOT NULL,
    bump           u8 NOT NULL,
    requested_time TIMESTAMPTZ GENERATED ALWAYS AS (unix_time(requested_at)) STORED,
    CHECK ((value IS NOT NULL) = (state = 1)),
    CHECK ((value IS NULL) = (reveal_slot IS NULL)),
    CHECK (settled <= games)
);
CREATE INDEX draws_by_lane ON draws (lane, seed_slot);
-- Those that may yet settle games, or were not seen to their end.
CREATE INDEX draws_undone ON draws (address) WHERE closed_at_slot IS NULL OR settled <> games;
