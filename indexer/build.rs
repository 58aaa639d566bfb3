//! Migrations are compiled in; a new file must trigger that, too.
fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
