//! The program's interface description (IDL), assembled from what Anchor's
//! macros print. Under the program's feature `idl-build` they emit tests that
//! print pieces of it between markers; Anchor's own command line tool collects
//! them the same way. What the macros do not know is added: the token accounts.

mod tokens;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
};

use anchor_lang_idl_spec::{Idl, IdlConst, IdlErrorCode, IdlEvent, IdlTypeDef};
use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// This package's folder. Cargo says at run time where it is now; a clone that shares
/// another's builds would find the other's compiled in.
fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
}

/// Where the description is checked in.
pub fn checked_in() -> PathBuf {
    folder().join("lottery.json")
}

/// Builds the program with `idl-build` and returns its description as it is
/// checked in. Compiles the program once more, and little else that the other
/// builds did not.
pub fn build() -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(folder())
        .args(["test", "--locked", "--quiet", "-p", "lottery", "--lib"])
        .args(["--features", "idl-build", "__anchor_private_print_idl"])
        .args(["--", "--show-output"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo could not be run")?;
    ensure!(
        output.status.success(),
        "the program does not build with --features idl-build; a type without IDL \
         information needs #[derive(IdlType)]"
    );
    let mut idl = assemble(&String::from_utf8(output.stdout)?)?;
    tokens::append(&mut idl)?;
    let mut text = serde_json::to_string_pretty(&idl)?;
    text.push('\n');
    Ok(text)
}

/// What the test of an event prints.
#[derive(Deserialize)]
struct EventPrint {
    event: IdlEvent,
    types: Vec<Value>,
}

/// Puts the printed pieces together, every list in the order of its names.
pub fn assemble(printed: &str) -> Result<Idl> {
    let mut program: Value = match blocks(printed, "program")?.as_slice() {
        [one] => serde_json::from_str(one)?,
        all => bail!("{} descriptions of a program were printed", all.len()),
    };
    program["address"] = match blocks(printed, "address")?.as_slice() {
        [one] => one.trim().into(),
        all => bail!("{} program addresses were printed", all.len()),
    };
    let types = take_array(&mut program, "types");
    program["types"] = Value::Array(Vec::new());
    let mut idl: Idl = serde_json::from_value(program).context("the program's description")?;

    let events: Vec<EventPrint> = parse(printed, "event")?;
    let mut by_name = BTreeMap::new();
    let of_events = events.iter().flat_map(|print| print.types.clone());
    for mut definition in types.into_iter().chain(of_events) {
        name_variants(&mut definition);
        let definition: IdlTypeDef =
            serde_json::from_value(definition).context("a type's description")?;
        let name = definition.name.clone();
        if let Some(other) = by_name.insert(name.clone(), definition.clone()) {
            ensure!(other == definition, "two different types are named {name}");
        }
    }
    idl.types = by_name.into_values().collect();
    idl.events = events.into_iter().map(|print| print.event).collect();
    idl.constants = parse::<IdlConst>(printed, "const")?;
    let errors: Vec<Vec<IdlErrorCode>> = parse(printed, "errors")?;
    idl.errors = errors.into_iter().flatten().collect();

    idl.accounts.sort_by(|a, b| a.name.cmp(&b.name));
    idl.constants.sort_by(|a, b| a.name.cmp(&b.name));
    idl.errors.sort_by_key(|error| error.code);
    idl.events.sort_by(|a, b| a.name.cmp(&b.name));
    idl.instructions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(idl)
}

/// Anchor 2.0.0-rc.1 prints an enum's variants as `fields`, which neither its own
/// specification nor any reader of it knows.
fn name_variants(definition: &mut Value) {
    let Some(shape) = definition["type"].as_object_mut() else {
        return;
    };
    if shape.get("kind").is_some_and(|kind| kind == "enum")
        && let Some(variants) = shape.remove("fields")
    {
        shape.insert("variants".into(), variants);
    }
}

fn take_array(value: &mut Value, key: &str) -> Vec<Value> {
    match value[key].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn parse<T: DeserializeOwned>(printed: &str, kind: &str) -> Result<Vec<T>> {
    blocks(printed, kind)?
        .iter()
        .map(|block| serde_json::from_str(block).with_context(|| format!("{kind}: {block}")))
        .collect()
}

/// The texts between the markers of a kind.
fn blocks<'a>(printed: &'a str, kind: &str) -> Result<Vec<&'a str>> {
    let begin = format!("--- IDL begin {kind} ---\n");
    let end = format!("--- IDL end {kind} ---");
    printed
        .split(begin.as_str())
        .skip(1)
        .map(|rest| {
            let (block, _) = rest
                .split_once(end.as_str())
                .with_context(|| format!("no end of {kind}"))?;
            Ok(block)
        })
        .collect()
}
