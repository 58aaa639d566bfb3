//! The database that several keepers share.

use std::time::SystemTime;

use super::Findings;
use crate::{
    config::{Config, Secret},
    database::{Database, DatabaseError, lease::Holding},
};

/// Seconds that the server's clock may differ by before it is mentioned: it is what
/// journal and dashboards show, and nothing is decided by.
const CLOCK_SLACK: f64 = 5.0;

/// Whether it can be used, whether its tables are this keeper's, and who leads.
pub(super) async fn check_database(config: &Config, findings: &mut Findings) {
    let Some(url) = config.database.url.as_ref().map(Secret::expose) else {
        return;
    };
    let database: Database = match url.parse() {
        Ok(database) => database,
        Err(error) => return complain(&error, findings),
    };
    match database.check().await {
        Ok(()) => findings.good("database", "its tables are this keeper's"),
        Err(DatabaseError::Older { found: 0, .. }) => {
            return findings.good("database", "it answers; `run` makes the tables");
        }
        Err(DatabaseError::Older { found, needed }) => {
            let seen = format!("tables of version {found}; `run` brings them to {needed}");
            findings.good("database", seen);
        }
        Err(error) => return complain(&error, findings),
    }
    let name = &config.database.lease_name;
    match database.look(name).await {
        Ok(look) => {
            check_clock(look.server_time, findings);
            findings.good("lease", describe(name, look.holding.as_ref()));
            findings.good("journal", format!("{} transactions are open", look.open));
        }
        Err(error) => complain(&error, findings),
    }
}

fn complain(error: &DatabaseError, findings: &mut Findings) {
    let remedy = match error {
        DatabaseError::Url => "set database_url to postgres://user@host:5432/database",
        DatabaseError::Newer { .. } => "install the release of the newest keeper",
        DatabaseError::Older { .. } => "start `run` once, which migrates it",
        DatabaseError::Changed(_) => "use another database, or one build of the keeper",
        DatabaseError::Refused { .. } => {
            "grant the role its rights: docs/operations.md, Several keepers"
        }
        DatabaseError::Hung(_) | DatabaseError::Unavailable(_) => {
            "check database_url, and that the server runs and lets this machine in"
        }
        DatabaseError::Malformed(_) | DatabaseError::Fenced => "report this: it must not happen",
    };
    findings.bad("database", error.to_string(), remedy);
}

fn check_clock(server_time: f64, findings: &mut Findings) {
    let own = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let ahead = server_time - own.map_or(0.0, |it| it.as_secs_f64());
    let seen = format!("{ahead:+.1} s beside this machine's");
    if ahead.abs() <= CLOCK_SLACK {
        findings.good("database clock", seen);
    } else {
        let remedy =
            "nothing depends on it, but times of the journal and of the log differ: run NTP";
        findings.doubtful("database clock", seen, remedy);
    }
}

fn describe(name: &str, holding: Option<&Holding>) -> String {
    match holding {
        None => format!("{name}: nobody has held it yet"),
        Some(Holding {
            by,
            epoch,
            remaining,
        }) if *remaining > 0.0 => {
            format!("{name}: {by} leads in epoch {epoch}, for {remaining:.1} s more if not renewed")
        }
        Some(Holding {
            by,
            epoch,
            remaining,
        }) => format!(
            "{name}: free for {:.0} s; {by} held it last, in epoch {epoch}",
            -remaining
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_clock_that_is_off_is_mentioned() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0.0, |it| it.as_secs_f64());
        let level = |server_time| {
            let mut findings = Findings::default();
            check_clock(server_time, &mut findings);
            findings.0.first().map(|finding| finding.level)
        };
        assert_eq!(level(now), Some(Level::Good));
        assert_eq!(level(now + 60.0), Some(Level::Doubtful));
        assert_eq!(level(now - 60.0), Some(Level::Doubtful));
    }
}
