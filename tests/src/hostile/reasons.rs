//! What is not refused, and why it is harmless.

use super::allow::{
    Effect::{Partial, Renamed, Same, Willed},
    Harmless,
};

/// Instructions that pay a bounty to whom the caller names.
const CRANKS: &[&str] = &[
    "abort_draw*",
    "cancel_game",
    "claim*",
    "close_entry*",
    "close_game*",
    "expire_prizes",
    "refund",
    "settle_draw*",
];

/// Where a token house's accounts are given.
const TOKENS: &[&str] = &[
    "mint",
    "token_program",
    "game_vault",
    "treasury_vault",
    "minor_vault",
    "major_vault",
    "mega_vault",
    "jackpot_vault",
    "player_tokens",
    "funder_tokens",
    "wallet_tokens",
    "creator_tokens",
];

/// Wallets that sign or are paid.
const WALLETS: &[&str] = &[
    "authority",
    "cranker",
    "creator",
    "draw_payer",
    "funder",
    "payer",
    "player",
    "signer",
    "successor",
    "wallet",
    "[wallet]",
];

/// Calls of several games, or of several operations of which those refused are left out.
const LOOSE: &[&str] = &[
    "abort_draw, two games",
    "request_draw, two games",
    "settle_draw, two games",
    "player_batch, claims of two games, loose",
    "player_batch, two refunds, loose",
];

/// Accounts that Switchboard looks at.
const SWITCHBOARD: &[&str] = &[
    "lut",
    "lut_signer",
    "queue",
    "reward_escrow",
    "stats",
    "wrapped_sol_mint",
];

pub const HARMLESS: &[Harmless] = &[
    Harmless {
        calls: CRANKS,
        positions: &["cranker"],
        kinds: &["another: *", "twice*", "signing: *", "copy: *"],
        effect: Renamed,
        because: "The bounty is the caller's to give away.",
    },
    Harmless {
        calls: &[
            "open_lane",
            "request_draw*",
            "reveal_draw",
            "fund_jackpot",
            "player_batch*",
        ],
        positions: &["payer", "funder", "signer"],
        kinds: &["another: wallet", "twice: wallet"],
        effect: Renamed,
        because: "Whoever signs may pay.",
    },
    Harmless {
        calls: &["*"],
        positions: TOKENS,
        kinds: &["given*"],
        effect: Same,
        because: "A house that plays for native SOL does not look at a token's accounts.",
    },
    Harmless {
        calls: &["close_game*"],
        positions: &["creator_tokens", "mint"],
        kinds: &["*"],
        effect: Same,
        because: "Without donated tokens nothing is transferred.",
    },
    Harmless {
        calls: &["*"],
        positions: &["accounts"],
        kinds: &["appended*"],
        effect: Same,
        because: "What no position names is not looked at.",
    },
    Harmless {
        calls: &["*"],
        positions: &["data"],
        kinds: &["longer"],
        effect: Same,
        because: "What follows the arguments is not read.",
    },
    Harmless {
        calls: &[
            "create_game",
            "create_house",
            "fund_jackpot",
            "join",
            "player_batch*",
            "propose_authority",
            "set_pause",
            "update_house",
            "withdraw_treasury",
        ],
        positions: &["data"],
        kinds: &["a byte changed", "random"],
        effect: Willed,
        because: "Who signs gets what they ask for.",
    },
    Harmless {
        calls: &["player_batch*"],
        positions: &["data"],
        kinds: &["the count changed"],
        effect: Willed,
        because: "Who signs gets what they ask for.",
    },
    Harmless {
        calls: &["update_house"],
        positions: &["data"],
        kinds: &["another instruction"],
        effect: Willed,
        because: "Who signs gets what they ask for: here a pause or a successor.",
    },
    Harmless {
        calls: &[
            "player_batch, two joins",
            "player_batch, two claims and a join",
        ],
        positions: &["several"],
        kinds: &["of another game"],
        effect: Willed,
        because: "Who signs gets what they ask for: here tickets of another game.",
    },
    Harmless {
        calls: &[
            "accept_authority",
            "propose_authority",
            "set_pause",
            "update_house",
        ],
        positions: &["house"],
        kinds: &["another: house"],
        effect: Renamed,
        because: "The other house has the same authority, which signs.",
    },
    Harmless {
        calls: &["fund_jackpot"],
        positions: &["jackpot"],
        kinds: &["another: jackpot"],
        effect: Renamed,
        because: "Anybody may fund any jackpot.",
    },
    Harmless {
        calls: &[
            "claim_jackpot",
            "player_batch, three claims",
            "player_batch, two claims and a join",
        ],
        positions: &["jackpot", "[jackpot]"],
        kinds: &["another: jackpot"],
        effect: Partial,
        because: "The same entry won that tier too.",
    },
    Harmless {
        calls: &[
            "abort_draw, first call",
            "cancel_game",
            "close_game*",
            "expire_prizes",
            "request_draw, one game",
        ],
        positions: &["game", "[game]"],
        kinds: &["another: game"],
        effect: Partial,
        because: "The other game is due as well.",
    },
    Harmless {
        calls: &[
            "abort_draw, first call",
            "request_draw, one game",
            "settle_draw, one of two games",
        ],
        positions: &["accounts"],
        kinds: &["appended: game"],
        effect: Willed,
        because: "The further game is due as well.",
    },
    Harmless {
        calls: &["close_game*"],
        positions: &["accounts"],
        kinds: &["exchanged"],
        effect: Partial,
        because: "The bounty is the caller's to give away, and the creator's token account not looked at.",
    },
    Harmless {
        calls: &["close_lane"],
        positions: &["several"],
        kinds: &["of another house"],
        effect: Partial,
        because: "The lane's payer, who signs, closes the one in the other house.",
    },
    Harmless {
        calls: &["request_draw*"],
        positions: &["oracle"],
        kinds: &["another: oracle"],
        effect: Renamed,
        because: "The requester picks among the queue's live oracles.",
    },
    Harmless {
        calls: &["create_house"],
        positions: &["mint"],
        kinds: &["another: mint", "copy: *", "omitted"],
        effect: Willed,
        because: "The creator picks what the house plays for.",
    },
    Harmless {
        calls: &["*"],
        positions: &["*"],
        kinds: &["in place: longer"],
        effect: Same,
        because: "No program here makes longer accounts; the part that is known is read.",
    },
    Harmless {
        calls: &["*"],
        positions: &["*"],
        kinds: &["copy: longer"],
        effect: Partial,
        because: "Nobody but this program can make an account of its own elsewhere.",
    },
    Harmless {
        calls: &["*"],
        positions: &["*"],
        kinds: &["in place: prefunded"],
        effect: Willed,
        because: "Lamports sent ahead count for the rent.",
    },
    Harmless {
        calls: &["*"],
        positions: WALLETS,
        kinds: &["in place: *", "signed"],
        effect: Same,
        because: "Who signs or is paid may be any account that can be.",
    },
    Harmless {
        calls: &["close_lane", "open_lane", "reveal_draw"],
        positions: SWITCHBOARD,
        kinds: &["in place: *"],
        effect: Same,
        because: "The address is right; the contents are Switchboard's to check.",
    },
    Harmless {
        calls: &["close_lane"],
        positions: &["lut", "lut_signer", "accounts"],
        kinds: &["another: *", "copy: *", "exchanged", "signing: *", "twice*"],
        effect: Same,
        because: "Switchboard's to check, and the stand-in, which keeps them, does not.",
    },
    Harmless {
        calls: &["*"],
        positions: TOKENS,
        kinds: &["in place: discriminator"],
        effect: Same,
        because: "The first bytes of a mint, or of an account that nothing moves from, say nothing that matters.",
    },
    Harmless {
        calls: &["*"],
        positions: &[
            "funder_tokens",
            "player_tokens",
            "wallet_tokens",
            "[token account]",
        ],
        kinds: &["in place: cut", "copy: cut"],
        effect: Renamed,
        because: "What follows an account's 165 bytes is Token-2022's to check.",
    },
    Harmless {
        calls: &["player_batch*"],
        positions: &["[wallet]"],
        kinds: &["read-only"],
        effect: Same,
        because: "Who is paid in tokens gets no lamports.",
    },
    Harmless {
        calls: &["abort_draw, last call"],
        positions: &["lane"],
        kinds: &["in place: *"],
        effect: Same,
        because: "The first call freed the lane; it may be closed by now.",
    },
    Harmless {
        calls: &["close_entry*", "player_batch, two closes*"],
        positions: &["game", "[game]", "[vacant address]"],
        kinds: &["in place: *", "read-only"],
        effect: Same,
        because: "A closed game owes nothing.",
    },
    Harmless {
        calls: LOOSE,
        positions: &["[game]", "[entry]", "[wallet]", "[token account]"],
        kinds: &["*"],
        effect: Partial,
        because: "What is refused is left out; the rest is done.",
    },
    Harmless {
        calls: LOOSE,
        positions: &["accounts", "several"],
        kinds: &["cut off", "exchanged", "of *"],
        effect: Partial,
        because: "What is refused is left out; the rest is done.",
    },
];
