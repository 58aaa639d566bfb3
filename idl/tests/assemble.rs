//! Pieces as Anchor's macros print them, put together.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use anchor_lang_idl_spec::{IdlDefinedFields, IdlTypeDefTy};
use lottery_idl::assemble;

/// What `cargo test -- --show-output` prints of a program with two instructions, an
/// enum as argument and an event.
const PRINTED: &str = r#"
---- tests::__anchor_private_print_idl_address stdout ----
--- IDL begin address ---
LottoRounds11111111111111111111111111111111
--- IDL end address ---

---- tests::__anchor_private_print_idl_program stdout ----
--- IDL begin program ---
{"address":"","metadata":{"name":"p","version":"0.1.0","spec":"0.1.0"},"instructions":[{"name":"z","discriminator":[1],"accounts":[],"args":[{"name":"ops","type":{"vec":{"defined":{"name":"Op"}}}}] },{"name":"a","discriminator":[2],"accounts":[],"args":[] }],"accounts":[],"types":[{"name":"Op","type":{"fields":[{"fields":["u32"],"name":"Claim"},{"name":"Refund"}],"kind":"enum"}}]}
--- IDL end program ---

---- error::__anchor_private_print_idl_errors_e stdout ----
--- IDL begin errors ---
[{"code":7000,"name":"First","msg":"the first"}]
--- IDL end errors ---

---- __anchor_private_print_idl_event_settled stdout ----
--- IDL begin event ---
{"event":{"name":"Settled","discriminator":[9]},"types":[{"name":"Settled","type":{"fields":[{"name":"ops","type":{"vec":{"defined":{"name":"Op"}}}}],"kind":"struct"}},{"name":"Op","type":{"fields":[{"fields":["u32"],"name":"Claim"},{"name":"Refund"}],"kind":"enum"}}]}
--- IDL end event ---
"#;

#[test]
fn pieces_become_one_description_in_the_order_of_names() {
    let idl = assemble(PRINTED).unwrap();
    assert_eq!(idl.address, "LottoRounds11111111111111111111111111111111");
    let names: Vec<_> = idl.instructions.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["a", "z"]);
    assert_eq!(idl.errors[0].code, 7000);
    assert_eq!(idl.events[0].discriminator, [9]);
    let types: Vec<_> = idl.types.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(types, ["Op", "Settled"]);
}

#[test]
fn an_enums_variants_are_called_so() {
    let idl = assemble(PRINTED).unwrap();
    let IdlTypeDefTy::Enum { variants } = &idl.types[0].ty else {
        unreachable!("Op is an enum");
    };
    assert_eq!(variants[0].name, "Claim");
    assert!(matches!(
        variants[0].fields,
        Some(IdlDefinedFields::Tuple(_))
    ));
    assert_eq!(variants[1].fields, None);
}

#[test]
fn two_types_of_one_name_are_refused() {
    let other = PRINTED.replacen("[\"u32\"]", "[\"u64\"]", 1);
    let error = assemble(&other).unwrap_err().to_string();
    assert_eq!(error, "two different types are named Op");
}

#[test]
fn a_program_that_printed_nothing_is_refused() {
    assert!(assemble("running 0 tests\n").is_err());
}
