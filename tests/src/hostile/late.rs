//! What is refused, but not by a check made for it, and why that is no accident.

use super::allow::Late;

/// Joins, alone and in a batch.
const JOINS: &[&str] = &[
    "join",
    "player_batch, two joins",
    "player_batch, two claims and a join",
];

pub const LATE: &[Late] = &[
    Late {
        calls: JOINS,
        positions: &["*"],
        kinds: &["*"],
        error: "runtime or Anchor: PrivilegeEscalation",
        because: "Seeds and bump derive another address, which the runtime finds out.",
    },
    Late {
        calls: JOINS,
        positions: &["*"],
        kinds: &["*"],
        error: "runtime or Anchor: ProgramFailedToComplete: seeds of no address",
        because: "Seeds and bump derive no address at all, which the runtime finds out.",
    },
    Late {
        calls: &["player_batch*"],
        positions: &["data"],
        kinds: &["the count changed"],
        error: "runtime or Anchor: ProgramFailedToComplete",
        because: "A count of more operations than follow takes more memory than there is.",
    },
    Late {
        calls: &["create_game", "create_house", "open_lane", "request_draw*"],
        positions: &[
            "draw", "game", "house", "lane", "major", "mega", "minor", "treasury",
        ],
        kinds: &["read-only"],
        error: "runtime or Anchor: PrivilegeEscalation",
        because: "The account to be made cannot be written, which the System program finds out.",
    },
    Late {
        calls: &["player_batch*"],
        positions: &["[wallet]"],
        kinds: &["read-only"],
        error: "runtime or Anchor: ReadonlyLamportChange",
        because: "The wallet cannot be written, which the runtime finds out.",
    },
    Late {
        calls: &["*"],
        positions: &["*"],
        kinds: &["in place: foreign owner", "copy: foreign owner"],
        error: "runtime or Anchor: External*",
        because: "The payer's or the vault's money is another program's, which the runtime finds out.",
    },
    Late {
        calls: &["*"],
        positions: &["*"],
        kinds: &["copy: longer"],
        error: "runtime or Anchor: PrivilegeEscalation",
        because: "The copy signs with the original's seeds, which the runtime finds out.",
    },
    Late {
        calls: &["*"],
        positions: &["*"],
        kinds: &["copy: longer", "in place: longer"],
        error: "runtime: transaction InsufficientFundsForRent",
        because: "The longer account has the rent of the shorter one.",
    },
    Late {
        calls: &["settle_draw*"],
        positions: &["[token account]"],
        kinds: &["in place: zeroed"],
        error: "lottery: Insolvent",
        because: "The vault was emptied, as it can not be; that is what the check is for.",
    },
];
