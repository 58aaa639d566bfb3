//! Indexers as real processes beside a real Postgres, while everything around them fails and
//! games go on. Each story ends with tables that are the chain's, transaction by transaction,
//! with a clean `verify`, without a deadlock and without a dead letter.
//!
//! On surfpool's cluster, and on Agave's validator where it is on PATH. Arguments that
//! are no flags choose stories by parts of their names, as with other tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod geyser;
#[allow(dead_code, reason = "not every slot time is of interest here")]
#[path = "../common/harness.rs"]
mod harness;
mod killed;
mod migration;
mod nodes;
mod postgres;
mod several;
mod stage;

use std::process::ExitCode;

use harness::stories;

fn main() -> ExitCode {
    // The longest waits come first.
    let mut all = stories![Surfnet:
        several::a_silent_writer_is_replaced,
        several::a_frozen_writer_steps_down,
        several::take_turns,
        several::the_writer_is_cut_off,
        postgres::killed,
        postgres::shut_down,
        postgres::suspended,
        postgres::a_tenth_of_connections_fails,
        nodes::notifications_are_late,
        nodes::notifications_come_twice_and_swapped,
        nodes::notifications_are_lost,
        nodes::notifications_stop,
        nodes::sockets_are_cut,
        nodes::answers_are_truncated,
        nodes::goes_down,
        nodes::is_behind,
        geyser::streams_are_cut,
        geyser::messages_come_twice_late_and_not_at_all,
        geyser::messages_are_garbled,
        geyser::streams_fall_silent,
        geyser::forks_are_taken_back,
        migration::two_at_once,
        migration::connections_cut,
    ];
    all.extend(stories![Validator: nodes::sockets_are_cut]);
    // What needs most of the processors comes last: it has them for itself.
    all.extend(stories![Surfnet:
        migration::killed_everywhere,
        killed::at_commits,
    ]);
    harness::run(all)
}
