//! Keepers as real processes on real clusters, while everything around them fails.
//!
//! On surfpool's cluster, and on Agave's validator where it is on PATH. Arguments that
//! are no flags choose stories by parts of their names, as with other tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clock;
mod expiry;
mod fees;
mod formats;
#[path = "../common/harness.rs"]
mod harness;
mod killed;
mod nodes;
mod oracle;
mod postgres;
mod several;
mod slots;
mod stage;

use std::process::ExitCode;

use harness::stories;

fn main() -> ExitCode {
    // The longest waits come first, so that the others fill up what they leave.
    //
    // The other pairs of cluster and slot time. With slots of 200 ms a blockhash lasts for
    // half a minute, and a draw that nobody answers for 20 seconds.
    let mut all = stories![FastValidator:
        expiry::a_lost_transaction_is_signed_anew_only_when_it_is_dead,
        oracle::down,
        slots::a_kill_at_another_slot_time,
    ];
    all.extend(stories![Surfnet:
        expiry::a_lost_transaction_is_signed_anew_only_when_it_is_dead,
        oracle::down,
        oracle::slow,
        oracle::wrong_signature,
        oracle::wrong_value,
        oracle::garbage,
        oracle::endless,
        nodes::one_of_two_makes_a_blockhash_up,
    ]);
    all.extend(stories![SlowSurfnet: slots::a_kill_at_another_slot_time]);
    all.extend(stories![Validator: formats::large_transactions]);
    all.extend(stories![
        postgres::gone_and_keepers_act,
        postgres::gone_and_keepers_wait,
        postgres::stalled_and_keepers_act,
        postgres::stalled_and_keepers_wait,
        postgres::connections_cut,
        several::two_take_turns,
        several::five_take_turns,
        several::a_frozen_leader_has_nothing_to_say,
        several::two_without_a_database,
        several::five_without_a_database,
        nodes::one_of_two_lies,
        nodes::one_of_two_claims_success,
        nodes::one_of_two_is_stale,
        nodes::one_of_two_goes_down,
        nodes::one_of_two_limits_rates,
        nodes::notifications_stop,
        nodes::sockets_are_cut,
        nodes::notifications_come_twice_and_swapped,
        clock::a_day_ahead,
        clock::a_day_behind,
        fees::a_spike_costs_no_more_than_the_crank_earns,
    ]);
    // What needs most of the processors comes last: it has them for itself.
    all.extend(stories![Surfnet:
        killed::everywhere,
        killed::everywhere_in_its_recovery,
    ]);
    harness::run(all)
}
