//! What is set up on this machine and around it.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use lottery_client::keypair;
use lottery_service::doctor::Findings;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

use crate::config::Config;

/// Permissions of anybody but the file's owner.
const OTHERS: u32 = 0o077;

pub(super) fn check_keypair(config: &Config, findings: &mut Findings) -> Option<Pubkey> {
    let Some(path) = &config.keypair else {
        findings.bad("keypair", "none is set", "set keypair to a keypair file");
        return None;
    };
    match keypair::read(path) {
        Ok(keypair) => {
            findings.good("keypair", keypair.pubkey().to_string());
            check_permissions(path, findings);
            Some(keypair.pubkey())
        }
        Err(error) => {
            let remedy = "point keypair to a file made by `solana-keygen new`";
            findings.bad("keypair", error.to_string(), remedy);
            None
        }
    }
}

fn check_permissions(path: &Path, findings: &mut Findings) {
    let Ok(about) = std::fs::metadata(path) else {
        return;
    };
    let mode = about.permissions().mode() & 0o777;
    let seen = format!("mode {mode:o}");
    if mode & OTHERS == 0 {
        findings.good("key file", seen);
    } else {
        let remedy = format!(
            "others than its owner can get at the key: chmod 600 {}",
            path.display()
        );
        findings.doubtful("key file", seen, remedy);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::fs::Permissions;

    use lottery_service::doctor::Level;

    use super::*;

    #[test]
    fn a_key_that_others_can_read_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keeper.json");
        std::fs::write(&path, "[]").unwrap();
        let level = |mode| {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let mut findings = Findings::default();
            check_permissions(&path, &mut findings);
            findings.0.first().unwrap().level
        };
        assert_eq!(level(0o600), Level::Good);
        assert_eq!(level(0o400), Level::Good);
        assert_eq!(level(0o640), Level::Doubtful);
        assert_eq!(level(0o604), Level::Doubtful);
    }
}
