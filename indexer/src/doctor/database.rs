//! The database and its server.

use std::time::Duration;

use lottery_service::{
    doctor::{CONNECT, Findings, server_clock},
    text::scrub,
};
use sqlx::{ConnectOptions as _, Connection as _, PgPool};
use tokio::time::timeout;

use crate::{
    config::{Config, Database},
    run::{self, Context},
    survey::{self, Rights, Schema, Server},
    telemetry::Failure,
};

/// What to do about a server's clock that is off.
const CLOCK_REMEDY: &str = "lags that are shown in seconds are the server's; still, run NTP";

/// What Postgres takes for its cache unless it is told otherwise (bytes).
const DEFAULT_BUFFERS: i64 = 128 * MEBIBYTE;

const MEBIBYTE: i64 = 1024 * 1024;

/// A replica further behind is mentioned.
const REPLICA_LAG: Duration = Duration::from_secs(10);

/// Checks the server, the schema and the role; whether the tables can be looked at.
pub(super) async fn check(context: &Context, findings: &mut Findings) -> bool {
    if let Err(error) = reach(&context.config.database).await {
        complain("database", &error, "database_url", findings);
        return false;
    }
    let server = match survey::server(&context.pool).await {
        Ok(server) => server,
        Err(error) => {
            complain("database", &error, "database_url", findings);
            return false;
        }
    };
    let seen = format!("{}: Postgres {}", context.config.database, server.version);
    if server.is_replica {
        let remedy = "it is a replica: name its primary, and this one as database_read_url";
        findings.bad("database", seen, remedy);
    } else {
        findings.good("database", seen);
    }
    server_clock(server.time, CLOCK_REMEDY, findings);
    check_settings(&server, context.config.connections, findings);
    let is_usable = check_schema(&context.pool, findings).await;
    match survey::rights(&context.pool).await {
        Ok(rights) => check_rights(&rights, server.is_writable, findings),
        Err(error) => complain("rights", &error, "database_url", findings),
    }
    is_usable
}

/// Checks the replica, if there is one.
pub(super) async fn check_replica(config: &Config, findings: &mut Findings) {
    let Some(replica) = &config.replica else {
        return;
    };
    if let Err(error) = reach(replica).await {
        return complain("replica", &error, "database_read_url", findings);
    }
    let pool = run::pool(replica, 1);
    match survey::replica_lag(&pool).await {
        Ok(Some(behind)) => {
            let seen = format!("{replica}, {:.1} s behind", behind.as_secs_f64());
            if behind <= REPLICA_LAG {
                findings.good("replica", seen);
            } else {
                let remedy = "answers are as old: look at its load and the way to it";
                findings.doubtful("replica", seen, remedy);
            }
        }
        Ok(None) => findings.doubtful(
            "replica",
            format!("{replica} is no replica"),
            "fine if it is the database itself; else check database_read_url",
        ),
        Err(error) => complain("replica", &error, "database_read_url", findings),
    }
    pool.close().await;
}

/// Connects once: a pool would try again and again, and not say why.
async fn reach(database: &Database) -> Result<(), sqlx::Error> {
    let connecting = timeout(CONNECT, database.options.connect());
    let connection = connecting.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
    connection.close().await
}

fn complain(name: &'static str, error: &sqlx::Error, key: &str, findings: &mut Findings) {
    let remedy = match Failure::of(error) {
        Failure::Schema => {
            format!("check user, password and database in {key}, and the role's rights")
        }
        Failure::Resources => "raise max_connections, or lower database_connections".to_owned(),
        _ => format!("check {key}, and that the server runs and lets this machine in"),
    };
    findings.bad(name, scrub(error), remedy);
}

async fn check_schema(pool: &PgPool, findings: &mut Findings) -> bool {
    let schema = match survey::schema(pool).await {
        Ok(schema) => schema,
        Err(error) => {
            complain("schema", &error, "database_url", findings);
            return false;
        }
    };
    match schema {
        Schema::Current => findings.good("schema", "up to date"),
        Schema::Empty => findings.doubtful(
            "schema",
            "none yet",
            "`run` makes it, and so does `migrate`; `serve` alone has nothing to show",
        ),
        Schema::Older(missing) => findings.doubtful(
            "schema",
            format!("{missing} migrations are missing"),
            "`run` applies them, and so does `migrate`",
        ),
        Schema::Newer(version) => findings.bad(
            "schema",
            format!("of a newer release, with migration {version}"),
            "install that release",
        ),
        Schema::Changed(version) => findings.bad(
            "schema",
            format!("migration {version} was another one when it was applied"),
            "use another database, or the release that made this one",
        ),
    }
    schema == Schema::Current
}

fn check_rights(rights: &Rights, is_writable: bool, findings: &mut Findings) {
    let role = &rights.role;
    if let Some(table) = &rights.unreadable {
        let seen = format!("{role} may not read {table}");
        return findings.bad("rights", seen, format!("GRANT SELECT ON {table} TO {role}"));
    }
    let read_only = "enough for `serve`; `run` needs a role that owns the tables";
    if let Some(table) = &rights.unwritable {
        let seen = format!("{role} may read, and not write {table}");
        return findings.doubtful("rights", seen, read_only);
    }
    if !is_writable {
        let seen = format!("{role}'s transactions may only read (default_transaction_read_only)");
        return findings.doubtful("rights", seen, read_only);
    }
    if !rights.create {
        let seen = format!("{role} may write, and make no tables");
        let remedy = "enough between upgrades and for as long as there are partitions: GRANT \
                      CREATE on the schema";
        return findings.doubtful("rights", seen, remedy);
    }
    findings.good("rights", format!("{role} may read, write and make tables"));
}

fn check_settings(server: &Server, wanted: u32, findings: &mut Findings) {
    let free = server.max_connections - server.reserved_connections - server.foreign_connections;
    let seen = format!(
        "{} at most, {} of others; {wanted} wanted",
        server.max_connections, server.foreign_connections
    );
    if free >= i64::from(wanted) {
        findings.good("connections", seen);
    } else {
        let remedy = "raise max_connections of the server, or lower database_connections";
        findings.doubtful("connections", seen, remedy);
    }
    let (cache, size) = (server.shared_buffers, server.size);
    let seen = format!(
        "shared_buffers {} MiB, database {} MiB",
        cache / MEBIBYTE,
        size / MEBIBYTE
    );
    if cache > DEFAULT_BUFFERS || cache >= size {
        findings.good("cache", seen);
    } else {
        let remedy = "the database has outgrown it: set shared_buffers to a quarter of the \
                      server's memory";
        findings.doubtful("cache", seen, remedy);
    }
    if server.is_durable {
        findings.good("durability", "fsync and full_page_writes are on");
    } else {
        findings.doubtful(
            "durability",
            "fsync or full_page_writes is off",
            "a crash of the machine may ruin the database: turn them on, unless it is a throwaway",
        );
    }
}

#[cfg(test)]
mod tests {
    use lottery_service::doctor::Level;

    use super::*;

    fn levels(check: impl FnOnce(&mut Findings)) -> Vec<(&'static str, Level)> {
        let mut findings = Findings::default();
        check(&mut findings);
        let findings = findings.0.iter();
        findings.map(|it| (it.name, it.level)).collect()
    }

    fn server() -> Server {
        Server {
            version: "17.0".to_owned(),
            time: 0.0,
            is_replica: false,
            is_writable: true,
            max_connections: 100,
            reserved_connections: 3,
            foreign_connections: 77,
            shared_buffers: DEFAULT_BUFFERS,
            size: DEFAULT_BUFFERS,
            is_durable: true,
        }
    }

    #[test]
    fn settings_that_are_too_small_are_mentioned() {
        use Level::{Doubtful, Good};
        let level =
            |server: Server, wanted| levels(|findings| check_settings(&server, wanted, findings));
        let good = [("connections", Good), ("cache", Good), ("durability", Good)];
        assert_eq!(level(server(), 20), good);
        let look = [
            ("connections", Doubtful),
            ("cache", Doubtful),
            ("durability", Doubtful),
        ];
        let small = Server {
            size: DEFAULT_BUFFERS + 1,
            is_durable: false,
            ..server()
        };
        assert_eq!(level(small, 21), look);
        let grown = Server {
            size: i64::MAX,
            shared_buffers: DEFAULT_BUFFERS * 2,
            ..server()
        };
        assert_eq!(level(grown, 20), good);
    }

    #[test]
    fn what_the_role_lacks_is_named() {
        let owner = Rights {
            role: "indexer".to_owned(),
            create: true,
            unreadable: None,
            unwritable: None,
        };
        let level = |rights: Rights| levels(|findings| check_rights(&rights, true, findings));
        assert_eq!(level(owner.clone()), [("rights", Level::Good)]);
        for (rights, expected) in [
            (
                Rights {
                    unreadable: Some("games".to_owned()),
                    ..owner.clone()
                },
                Level::Bad,
            ),
            (
                Rights {
                    unwritable: Some("games".to_owned()),
                    ..owner.clone()
                },
                Level::Doubtful,
            ),
            (
                Rights {
                    create: false,
                    ..owner.clone()
                },
                Level::Doubtful,
            ),
        ] {
            assert_eq!(level(rights), [("rights", expected)]);
        }
        let reading = levels(|findings| check_rights(&owner, false, findings));
        assert_eq!(reading, [("rights", Level::Doubtful)]);
    }
}
