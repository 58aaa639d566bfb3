//! The description checked in is the program's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use lottery_idl::{build, checked_in};

#[test]
fn checked_in_description_is_the_programs() {
    let present = fs::read_to_string(checked_in()).unwrap();
    assert!(
        build().unwrap() == present,
        "idl/lottery.json does not describe the program any more: run scripts/build-idl and \
         commit what it changes"
    );
}
