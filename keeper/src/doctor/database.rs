//! The database that several keepers share.

use lottery_service::doctor::{Findings, server_clock};

use crate::{
    config::{Config, Secret},
    database::{Database, DatabaseError, lease::Holding},
};

/// What to do about a server's clock that is off.
const CLOCK_REMEDY: &str =
    "nothing depends on it, but times of the journal and of the log differ: run NTP";

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
            server_clock(look.server_time, CLOCK_REMEDY, findings);
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
