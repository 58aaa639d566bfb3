//! `verify` agrees with what is right, and finds whatever is not.

use crate::common::{
    TestDatabase,
    chain::{World, key},
};
use lottery::money::Holder as _;
use lottery_client::address;
use lottery_indexer::{
    derive,
    source::{Event, Snapshot},
    verify::{self, Vault, Vaults},
};
use solana_pubkey::Pubkey;

/// A database that has followed a chain, and the chain's last state.
async fn followed() -> (TestDatabase, Snapshot) {
    let database = TestDatabase::migrated().await;
    let (world, told) = World::played();
    let last = Snapshot {
        slot: 60,
        accounts: world.accounts(60),
    };
    let mut events: Vec<Event> = told.into_iter().map(Event::Account).collect();
    events.extend(crate::common::snapshot(last.clone()));
    database.ingest(events).await;
    derive::once(&database.pool).await.unwrap();
    (database, last)
}

#[tokio::test]
async fn a_followed_chain_verifies() {
    let (database, chain) = followed().await;
    let report = verify::pass(&database.pool, &chain, &Vaults::new())
        .await
        .unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.checked.accounts, chain.accounts.len() as u64);
    assert_eq!((report.checked.games, report.checked.entries), (3, 11));
    assert_eq!((report.checked.rounds, report.checked.winners), (4, 5));
}

#[tokio::test]
async fn every_tampering_is_found() {
    let (database, chain) = followed().await;
    // What is changed, and what must be reported.
    let cases = [
        ("UPDATE houses SET authority = vrf_queue", "authority"),
        ("UPDATE treasuries SET accrued = accrued + 1", "accrued"),
        (
            "UPDATE treasuries SET total_accrued = total_accrued - 1",
            "treasury shares",
        ),
        (
            "UPDATE jackpots SET amount = amount + 1 WHERE tier = 1",
            "amount",
        ),
        (
            "UPDATE jackpots SET lamports = lamports - 1 WHERE tier = 1",
            "lamports",
        ),
        ("UPDATE lanes SET next_draw = next_draw + 1", "next_draw"),
        (
            "UPDATE games SET prize_pool = prize_pool + 1 WHERE id = 0",
            "prize_pool",
        ),
        (
            "UPDATE games SET entries_hash = sha256('x') WHERE id = 1",
            "entries_hash",
        ),
        (
            "UPDATE games SET jackpot_awards[1] = jackpot_awards[1] + 1 WHERE id = 0",
            "jackpot_awards",
        ),
        (
            "UPDATE games SET status = 'cancelled' WHERE id = 0",
            "status",
        ),
        ("UPDATE games SET paid_out = 0 WHERE id = 0", "paid_out"),
        ("UPDATE games SET expired = 1 WHERE id = 0", "expired"),
        (
            "UPDATE games SET fully_paid = TRUE WHERE id = 0",
            "fully_paid",
        ),
        (
            "UPDATE games SET bounty_escrow = bounty_escrow + 1 WHERE id = 1",
            "bounty_escrow",
        ),
        (
            "UPDATE games SET tried_oracles[1] = creator WHERE id = 0",
            "tried_oracles",
        ),
        (
            "UPDATE treasuries SET total_withdrawn = 1",
            "total_withdrawn",
        ),
        ("UPDATE houses SET mint = vrf_queue", "mint"),
        (
            "UPDATE entries SET bounty = 1 WHERE nonce = 40 AND tickets = 40",
            "bounty",
        ),
        ("DELETE FROM games WHERE id = 2", "row"),
        ("UPDATE games SET closed_at_slot = 60 WHERE id = 2", "row"),
        (
            "UPDATE entries SET paid = paid + 1 WHERE nonce = 40 AND tickets = 40",
            "sum of paid",
        ),
        (
            "UPDATE entries SET nonce = 41 WHERE nonce = 40 AND tickets = 40",
            "entries_hash",
        ),
        (
            "UPDATE entries SET refunded = TRUE WHERE tickets = 40",
            "sum of refunded",
        ),
        (
            "UPDATE entries SET prize = prize + 1 WHERE tickets = 40",
            "fate",
        ),
        (
            "UPDATE entries SET eliminated_round = NULL
             WHERE address = (SELECT min(address) FROM entries WHERE eliminated_round = 0)",
            "fate",
        ),
        ("DELETE FROM entries WHERE tickets = 40", "first_ticket"),
        (
            "UPDATE winners SET ticket = ticket + 1 WHERE place = 0",
            "winners",
        ),
        ("DELETE FROM winners WHERE place = 4", "winners"),
        (
            "UPDATE jackpot_wins SET award = award - 1 WHERE tier = 0",
            "jackpot wins",
        ),
        (
            "UPDATE game_rounds SET draw = NULL WHERE round = 2",
            "round 2",
        ),
        (
            "UPDATE game_rounds SET survivors = survivors - 1 WHERE round = 1",
            "round 1",
        ),
        (
            "UPDATE draws SET value = sha256(value)
             WHERE address = (SELECT draw FROM game_rounds WHERE round = 2)",
            "round 2 seed",
        ),
    ];
    for (sql, field) in cases {
        let (database, chain) = (&database, &chain);
        let mut connection = database.pool.acquire().await.unwrap();
        sqlx::query("CREATE SCHEMA IF NOT EXISTS kept")
            .execute(&mut *connection)
            .await
            .unwrap();
        backup(database).await;
        database.tamper(sql).await;
        let report = verify::pass(&database.pool, chain, &Vaults::new())
            .await
            .unwrap();
        assert!(
            report.differences.iter().any(|d| d.field == field),
            "{sql}: expected {field}; {report}"
        );
        restore(database).await;
    }
    let report = verify::pass(&database.pool, &chain, &Vaults::new())
        .await
        .unwrap();
    assert!(report.is_clean(), "{report}");
}

const TABLES: [&str; 10] = [
    "houses",
    "treasuries",
    "jackpots",
    "lanes",
    "draws",
    "games",
    "entries",
    "game_rounds",
    "winners",
    "jackpot_wins",
];

async fn backup(database: &TestDatabase) {
    for table in TABLES {
        let sql = format!(
            "DROP TABLE IF EXISTS kept.{table};
             CREATE TABLE kept.{table} (LIKE {table} INCLUDING GENERATED);
             INSERT INTO kept.{table} SELECT {table}.* FROM {table}"
        );
        let sql = without_generated(database, table, &sql).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&database.pool)
            .await
            .unwrap();
    }
}

async fn restore(database: &TestDatabase) {
    for table in TABLES {
        let sql =
            format!("TRUNCATE {table}; INSERT INTO {table} SELECT {table}.* FROM kept.{table}");
        let sql = without_generated(database, table, &sql).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&database.pool)
            .await
            .unwrap();
    }
}

/// Names the columns that can be written instead of all.
async fn without_generated(database: &TestDatabase, table: &str, sql: &str) -> String {
    let columns: String = sqlx::query_scalar(
        "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'",
    )
    .bind(table)
    .fetch_one(&database.pool)
    .await
    .unwrap();
    sql.replace(&format!("{table}.*"), &columns).replace(
        &format!("{table} SELECT"),
        &format!("{table} ({columns}) SELECT"),
    )
}

#[tokio::test]
async fn insolvent_and_closed_accounts_are_found() {
    let (database, mut chain) = followed().await;
    for account in &mut chain.accounts {
        account.lamports -= 1;
    }
    let report = verify::pass(&database.pool, &chain, &Vaults::new())
        .await
        .unwrap();
    let insolvent = report.differences.iter().filter(|d| d.field == "solvency");
    assert_eq!(
        insolvent.count(),
        1 + 3 + 3,
        "treasury, jackpots and games: {report}"
    );
    chain.accounts.clear();
    let report = verify::pass(&database.pool, &chain, &Vaults::new())
        .await
        .unwrap();
    let open = report.differences.iter().filter(|d| d.field == "account");
    assert_eq!(open.count(), 1 + 1 + 3 + 1 + 3 + 11);
}

/// A token house: vaults hold its money, lamports only rent and bounties.
#[tokio::test]
async fn vaults_must_cover_what_token_houses_owe() {
    let database = TestDatabase::migrated().await;
    let (mut world, _) = World::played();
    let mint = key(40);
    world.house.mint = mint;
    let mut vaults = Vaults::new();
    let mut hold = |holder: Pubkey, amount: u64| -> Pubkey {
        let vault = address::vault(&holder);
        let owner = holder;
        vaults.insert(
            vault,
            Vault {
                mint,
                owner,
                amount,
            },
        );
        vault
    };
    let house = world.house_address;
    world.treasury.vault = hold(address::treasury(&house), world.treasury.accrued);
    for jackpot in &mut world.jackpots {
        jackpot.vault = hold(address::jackpot(&house, jackpot.tier), jackpot.amount);
    }
    for (address, game) in &mut world.games {
        game.vault = hold(*address, game.owed().unwrap());
    }
    let mut accounts = world.accounts(60);
    for account in &mut accounts {
        // Rent and bounties, and nothing of what is owed in tokens.
        let owed = vaults.get(&address::vault(&account.address));
        account.lamports -= owed.map_or(0, |vault| vault.amount);
    }
    let chain = Snapshot { slot: 60, accounts };
    database
        .ingest(crate::common::snapshot(chain.clone()))
        .await;
    derive::once(&database.pool).await.unwrap();
    // The draws of its rounds are none of this test's business.
    let fields = async |chain: &Snapshot, vaults: &Vaults| -> Vec<String> {
        let report = verify::pass(&database.pool, chain, vaults).await.unwrap();
        let fields = report.differences.into_iter().map(|d| d.field);
        fields.filter(|field| !field.starts_with("round")).collect()
    };
    assert_eq!(fields(&chain, &vaults).await, [""; 0]);
    let games = address::vault(&world.games[0].0);
    let change = |change: fn(&mut Vault)| {
        let mut vaults = vaults.clone();
        change(vaults.get_mut(&games).unwrap());
        vaults
    };
    assert_eq!(
        fields(&chain, &change(|vault| vault.amount -= 1)).await,
        ["solvency"]
    );
    assert_eq!(
        fields(&chain, &change(|vault| vault.amount += 1)).await,
        [""; 0]
    );
    let foreign = change(|vault| vault.owner = key(9));
    assert_eq!(fields(&chain, &foreign).await, ["owner of the vault"]);
    assert_eq!(
        fields(&chain, &change(|vault| vault.mint = key(9))).await,
        ["mint"]
    );
    let mut gone = vaults.clone();
    gone.remove(&games);
    assert_eq!(fields(&chain, &gone).await, ["vault"]);
    // Its lamports must cover rent and bounties all the same.
    let mut poor = chain.clone();
    for account in &mut poor.accounts {
        if account.address == world.games[0].0 {
            account.lamports -= 1;
        }
    }
    assert_eq!(fields(&poor, &vaults).await, ["solvency", "lamports"]);
}
