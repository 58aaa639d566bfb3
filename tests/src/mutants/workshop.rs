//! Where mutants are built: a copy of the repository, so that the original stays as it
//! is, with a build folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Mutant, MutantError, about};

/// Of programs, as `scripts/build-programs` names it.
const BUILD: &str = "sbf-v3";

const MANIFEST: &str = "programs/lottery/Cargo.toml";

/// A copy of the repository to build in.
pub struct Workshop {
    tree: PathBuf,
    build: PathBuf,
}

/// What became of a mutant's build.
pub enum Built {
    /// Its bytes.
    Program(Vec<u8>),
    /// The compiler's first error.
    Refused(String),
}

impl Workshop {
    /// Copies the repository, and what was built there, into a folder of its `target`.
    /// What a former run built is used again.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn open(root: &Path, folder: &Path) -> Result<Self, MutantError> {
        let tree = folder.join("tree");
        let build = folder.join("build");
        if tree.exists() {
            fs::remove_dir_all(&tree).map_err(about(tree.display()))?;
        }
        for file in files(root)? {
            let (from, to) = (root.join(&file), tree.join(&file));
            let parent = to.parent().unwrap_or(&tree);
            fs::create_dir_all(parent).map_err(about(parent.display()))?;
            fs::copy(&from, &to).map_err(about(from.display()))?;
        }
        // Nothing links the program here, and without the library for those who would
        // the build takes half as long.
        let manifest = tree.join(MANIFEST);
        let text = fs::read_to_string(&manifest).map_err(about(manifest.display()))?;
        let text = text.replace(r#"["cdylib", "lib"]"#, r#"["cdylib"]"#);
        fs::write(&manifest, text).map_err(about(manifest.display()))?;
        let built = root.join("target").join(BUILD);
        if built.exists() && !build.join(BUILD).exists() {
            fs::create_dir_all(&build).map_err(about(build.display()))?;
            output(Command::new("cp").arg("-a").args([&built, &build]))?;
        }
        Ok(Self { tree, build })
    }

    /// Builds the program as it is.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn build(&self) -> Result<Vec<u8>, MutantError> {
        let mut command = Command::new("scripts/build-programs");
        command
            .arg("lottery")
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.build);
        output(&mut command)?;
        let program = self.tree.join("target/deploy/lottery.so");
        fs::read(&program).map_err(about(program.display()))
    }

    /// Builds a mutant, and leaves the copy as it was.
    ///
    /// # Errors
    /// If the copy cannot be changed.
    pub fn build_mutant(&self, mutant: &Mutant) -> Result<Built, MutantError> {
        let file = self.tree.join(&mutant.path);
        let text = fs::read_to_string(&file).map_err(about(file.display()))?;
        fs::write(&file, mutant.apply(&text)).map_err(about(file.display()))?;
        let built = self.build();
        fs::write(&file, text).map_err(about(file.display()))?;
        match built {
            Ok(program) => Ok(Built::Program(program)),
            Err(MutantError::Command { output, .. }) => {
                let error = output.lines().find(|line| line.starts_with("error"));
                Ok(Built::Refused(error.unwrap_or("no reason").to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Every file of the repository that git does not ignore, committed or not.
fn files(root: &Path) -> Result<Vec<PathBuf>, MutantError> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root);
    Ok(output(&mut list)?
        .lines()
        .map(PathBuf::from)
        .filter(|file| root.join(file).is_file())
        .collect())
}

/// Runs a command to its end.
///
/// # Errors
/// [`MutantError::Command`] if it fails.
pub fn output(command: &mut Command) -> Result<String, MutantError> {
    let program = command.get_program().display().to_string();
    let done = command.output().map_err(about(&program))?;
    let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&done.stderr);
    Err(MutantError::Command {
        command: program,
        output: format!("{stdout}{stderr}"),
    })
}
