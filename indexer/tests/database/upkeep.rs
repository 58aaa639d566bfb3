//! Partitions of events and statistics.

use crate::common::{
    TestDatabase,
    chain::{World, key},
};
use jiff::civil::Date;
use lottery_indexer::{
    derive,
    source::Event,
    store::{
        self,
        partitions::{self, Kept, Month},
        statistics,
    },
    upkeep,
};
use sqlx::PgConnection;

async fn event(connection: &mut PgConnection, id: i64, at: &str) {
    sqlx::query(
        "INSERT INTO game_events (transaction_id, instruction, position, item, at, slot, kind,
                                  version, body)
         VALUES ($1, 0, 0, 0, $2::timestamptz, 1, 'house_changed', 1, '{}')",
    )
    .bind(id)
    .bind(at)
    .execute(connection)
    .await
    .unwrap();
}

/// Tables with the number of events in each.
async fn counts(connection: &mut PgConnection) -> Vec<(String, i64)> {
    sqlx::query_as(
        "SELECT tableoid::regclass::text, count(*) FROM game_events GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

fn counted(of: &[(&str, i64)]) -> Vec<(String, i64)> {
    of.iter()
        .map(|(table, count)| ((*table).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn months_have_partitions_before_they_begin_and_lose_them_when_they_are_old() {
    let database = TestDatabase::migrated().await;
    let mut connection = database.pool.acquire().await.unwrap();
    let november = Month::of(Date::constant(2026, 11, 22));
    // Before there is any partition events are not lost.
    for (id, at) in [
        (1, "2026-09-30T23:59:59Z"),
        (2, "2026-10-01T00:00:00Z"),
        (3, "2026-11-22T12:00:00Z"),
        (4, "9999-01-01T00:00:00Z"),
    ] {
        event(&mut connection, id, at).await;
    }
    assert_eq!(
        counts(&mut connection).await,
        counted(&[("game_events_rest", 4)])
    );
    let kept = partitions::keep(&mut connection, november, 2, None)
        .await
        .unwrap();
    // September to January; a time that no clock should tell stays with the rest.
    assert_eq!(
        kept,
        Kept {
            made: 5,
            dropped: 0
        }
    );
    assert_eq!(
        counts(&mut connection).await,
        counted(&[
            ("game_events_2026_09", 1),
            ("game_events_2026_10", 1),
            ("game_events_2026_11", 1),
            ("game_events_rest", 1),
        ])
    );
    // Once is enough.
    let kept = partitions::keep(&mut connection, november, 2, None)
        .await
        .unwrap();
    assert_eq!(kept, Kept::default());
    event(&mut connection, 5, "2027-01-31T23:59:59Z").await;
    // A clock that is ahead makes nothing old: the chain's own time counts as well.
    let ahead = november.plus(100);
    let kept = partitions::keep(&mut connection, ahead, 0, Some(1))
        .await
        .unwrap();
    assert_eq!(kept.dropped, 0);
    sqlx::query(
        "INSERT INTO transactions (signature, slot, block_time, success, fee, instructions, signer)
         VALUES (repeat('3', 88), 9, extract(epoch FROM '2026-12-02'::timestamptz), TRUE, 0, '{}',
                 repeat('3', 44))",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    // A month later, with one whole month kept.
    let kept = partitions::keep(&mut connection, november.plus(1), 2, Some(1))
        .await
        .unwrap();
    assert_eq!(
        kept,
        Kept {
            made: 1,
            dropped: 2
        }
    );
    assert_eq!(
        counts(&mut connection).await,
        counted(&[
            ("game_events_2026_11", 1),
            ("game_events_2027_01", 1),
            ("game_events_rest", 1),
        ])
    );
    // What comes late of a month that was dropped goes too.
    event(&mut connection, 6, "2026-09-01T00:00:00Z").await;
    partitions::keep(&mut connection, november.plus(1), 2, Some(1))
        .await
        .unwrap();
    assert_eq!(counts(&mut connection).await.len(), 3);
}

#[tokio::test]
async fn statistics_are_what_the_rows_add_up_to() {
    let database = TestDatabase::migrated().await;
    let (world, told) = World::played();
    database
        .ingest(told.into_iter().map(Event::Account).collect())
        .await;
    derive::once(&database.pool).await.unwrap();
    // The second time beside readers.
    upkeep::refresh(&database.pool).await.unwrap();
    upkeep::refresh(&database.pool).await.unwrap();
    let of = |player: u8| {
        let player = key(player);
        let entries: Vec<_> = world
            .entries
            .iter()
            .filter(|(_, e)| e.player == player)
            .collect();
        let games: std::collections::BTreeSet<_> = entries.iter().map(|(_, e)| e.game).collect();
        let spent: u64 = entries.iter().map(|(_, e)| e.paid).sum();
        (games.len() as i64, entries.len() as i64, spent.to_string())
    };
    for player in [11, 12, 13, 14] {
        let row: (i64, i64, String) = sqlx::query_as(
            "SELECT games_played, entries, spent::text FROM player_stats
             WHERE player = $1 AND currency = 'SOL'",
        )
        .bind(key(player).to_string())
        .fetch_one(&database.pool)
        .await
        .unwrap();
        assert_eq!(row, of(player));
    }
    let prizes: String = database
        .value("SELECT sum(prizes)::text FROM player_stats")
        .await;
    assert_eq!(prizes, world.games[0].1.prize_pool.to_string());
    let day: (i64, i64, i64, String) =
        sqlx::query_as("SELECT games, settled, entries, average_players::text FROM daily_stats")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    // Four players in two games, one in the third.
    assert_eq!(day, (3, 1, 11, "3.00".to_owned()));
    let won: String = database
        .value("SELECT COALESCE(sum(won), 0)::text FROM jackpot_stats")
        .await;
    let awards: u64 = world.games[0].1.jackpot_awards.iter().sum();
    assert_eq!(won, awards.to_string());
    let refreshed: i64 = database
        .value("SELECT count(*) FROM statistics_refreshes")
        .await;
    assert_eq!(usize::try_from(refreshed).unwrap(), statistics::VIEWS.len());
}

#[tokio::test]
async fn readers_may_read_and_change_nothing() {
    let database = TestDatabase::migrated().await;
    let mut connection = database.pool.acquire().await.unwrap();
    sqlx::query("SET ROLE lottery_reader")
        .execute(&mut *connection)
        .await
        .unwrap();
    let games: i64 = sqlx::query_scalar("SELECT count(*) FROM games")
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    assert_eq!(games, 0);
    for change in [
        "DELETE FROM games",
        "INSERT INTO dropped_slots VALUES (1)",
        "TRUNCATE entries",
    ] {
        let refused = sqlx::query(change)
            .execute(&mut *connection)
            .await
            .unwrap_err();
        let code = refused
            .as_database_error()
            .unwrap()
            .code()
            .unwrap()
            .into_owned();
        assert_eq!(code, "42501", "{change}");
    }
}

/// Its transaction would be set aside for nothing.
#[tokio::test]
async fn an_event_on_its_way_while_its_partition_is_made_is_not_refused_for_what_it_holds() {
    let database = TestDatabase::migrated().await;
    let mut making = database.pool.begin().await.unwrap();
    // As somebody makes it by hand: the indexer itself takes turns with what it writes.
    for sql in [
        "CREATE TABLE game_events_2026_11 (LIKE game_events INCLUDING ALL)",
        "ALTER TABLE game_events ATTACH PARTITION game_events_2026_11
         FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')",
    ] {
        sqlx::query(sql).execute(&mut *making).await.unwrap();
    }
    let pool = database.pool.clone();
    let insert = tokio::spawn(async move { sqlx::query(NOVEMBER).execute(&pool).await });
    let mut watcher = database.pool.acquire().await.unwrap();
    let is_waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted
                      AND relation = 'game_events_rest'::regclass)";
    while !sqlx::query_scalar::<_, bool>(is_waiting)
        .fetch_one(&mut *watcher)
        .await
        .unwrap()
    {}
    making.commit().await.unwrap();
    let error = insert.await.unwrap().unwrap_err();
    assert!(!store::is_refused_row(&error), "{error}");
    assert!(store::is_transient(&error), "{error}");
    // The next attempt finds the partition.
    sqlx::query(NOVEMBER).execute(&mut *watcher).await.unwrap();
}

const NOVEMBER: &str = "
    INSERT INTO game_events (transaction_id, instruction, position, item, at, slot, kind, version,
                             body)
    VALUES (1, 0, 0, 0, '2026-11-22 12:00:00+00', 1, 'house_changed', 1, '{}')";
