//! Every error of the program is expected by some test.

use std::{fs, path::Path};

use lottery::LotteryError;

/// All tests of the program: in native SOL, and in tokens.
fn sources() -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    ["program", "tokens"]
        .iter()
        .flat_map(|folder| fs::read_dir(tests.join(folder)).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn every_refusal_has_a_test() {
    let tests = sources();
    // `SoldOut` is also the beginning of other names.
    let expects = |name: &str| {
        tests
            .split(&format!("LotteryError::{name}"))
            .skip(1)
            .any(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
    };
    let mut code = LotteryError::FIRST_CODE;
    let mut missing = Vec::new();
    while let Some(error) = LotteryError::from_code(code) {
        assert_eq!(error.code(), code);
        let name = format!("{error:?}");
        if !expects(&name) {
            missing.push(name);
        }
        code += 1;
    }
    assert!(missing.is_empty(), "no test expects {missing:?}");
    assert!(code > LotteryError::FIRST_CODE + 50);
    assert_eq!(LotteryError::from_code(LotteryError::FIRST_CODE - 1), None);
}
