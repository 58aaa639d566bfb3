//! What follows from the accounts, against a recomputation ticket by ticket with
//! the chain's own function.

use crate::common::{
    TestDatabase,
    chain::{Rule, World, update, value},
};
use lottery::{draw::Fate, math::place_prize, state::GameStatus};
use lottery_indexer::{derive, source::Event, store::U64};

type Row = (Option<i16>, Option<i16>, Option<U64>, Option<Vec<U64>>);

async fn fate_of(database: &TestDatabase, entry: &str) -> Row {
    sqlx::query_as(
        "SELECT eliminated_round, place, prize, jackpot_awards::numeric[] FROM entries
         WHERE address = $1",
    )
    .bind(entry)
    .fetch_one(&database.pool)
    .await
    .unwrap()
}

/// What the rows of a game's entries must say.
async fn assert_fates(database: &TestDatabase, world: &World, index: usize) {
    let (address, game) = &world.games[index];
    let settled = game.rounds_settled == game.rounds;
    for (entry_address, entry) in world.entries.iter().filter(|(_, e)| e.game == *address) {
        let (mut out, mut places) = (Some(0), Vec::new());
        for ticket in entry.first_ticket..entry.first_ticket + entry.tickets {
            match world.fate(index, ticket) {
                Fate::Eliminated(round) => out = out.map(|o: i16| o.max(i16::from(round))),
                Fate::Alive(place) => {
                    out = None;
                    places.push(place);
                }
            }
        }
        let prize = |place: u32| place_prize(game.prize_pool, &game.place_bps, place as usize);
        let expected: Row = (
            out,
            places.iter().min().map(|p| *p as i16).filter(|_| settled),
            settled.then(|| U64(places.iter().map(|p| prize(*p)).sum())),
            settled.then(|| {
                (0..3)
                    .map(|tier| match entry.holds(game.jackpot_tickets[tier]) {
                        true => U64(game.jackpot_awards[tier]),
                        false => U64(0),
                    })
                    .collect()
            }),
        );
        assert_eq!(
            fate_of(database, &entry_address.to_string()).await,
            expected
        );
    }
}

#[tokio::test]
async fn fates_follow_every_round() {
    let database = TestDatabase::migrated().await;
    let mut world = World::new();
    let game = world.open(Rule {
        rounds: 4,
        winners: 3,
        keep_bps: 4_000,
        entry_fee: 1_000,
    });
    for player in 0..30u8 {
        world.join(game, 50 + player, 0, u32::from(player % 7) + 1);
    }
    database.snapshot(1, world.accounts(1)).await;
    for round in 0..4u8 {
        let slot = i64::from(round) * 10 + 10;
        world.request(&[game]);
        world.reveal(value(round + 1));
        database
            .ingest(
                world
                    .accounts(slot)
                    .into_iter()
                    .map(Event::Account)
                    .collect(),
            )
            .await;
        world.settle(game);
        database.snapshot(slot + 1, world.accounts(slot + 1)).await;
        derive::once(&database.pool).await.unwrap();
        assert_fates(&database, &world, game).await;
        let proven: i64 = database
            .value("SELECT count(*) FROM game_rounds WHERE draw IS NOT NULL")
            .await;
        assert_eq!(proven, i64::from(round) + 1);
    }
    // The contribution is above the mean of tier 0, so it was hit for certain.
    assert!(world.games[game].1.jackpot_awards[0] > 0);
    let wins: i64 = database.value("SELECT count(*) FROM jackpot_wins").await;
    let hit = world.games[game]
        .1
        .jackpot_awards
        .iter()
        .filter(|award| **award > 0);
    assert_eq!(usize::try_from(wins).unwrap(), hit.count());
    let winners: i64 = database
        .value("SELECT count(*) FROM winners WHERE player IS NOT NULL")
        .await;
    assert_eq!(winners, 3);
    let open: i64 = database
        .value("SELECT count(*) FROM draws WHERE closed_at_slot IS NULL OR settled <> games")
        .await;
    assert_eq!(open, 0);
}

#[tokio::test]
async fn fates_wait_for_late_entries_but_not_for_closed_ones() {
    let database = TestDatabase::migrated().await;
    let (world, _) = World::played();
    let mut accounts = world.accounts(60);
    let missing = accounts
        .iter()
        .position(|account| account.address == world.entries[0].0)
        .unwrap();
    let late = accounts.remove(missing);
    let derived = async || -> i64 {
        database
            .value("SELECT count(*) FROM games WHERE derived_rounds > 0")
            .await
    };
    let updates = |accounts: Vec<_>| accounts.into_iter().map(Event::Account).collect();
    database.ingest(updates(accounts.clone())).await;
    derive::once(&database.pool).await.unwrap();
    assert_eq!(derived().await, 1, "the game with all its entries");
    // A snapshot without the entry: it is closed, and its game goes on without.
    database.snapshot(61, accounts).await;
    derive::once(&database.pool).await.unwrap();
    assert_eq!(derived().await, 2);
    drop(late);
}

#[tokio::test]
async fn a_draw_settled_unseen_is_closed_by_what_it_left() {
    let database = TestDatabase::migrated().await;
    let (world, told) = World::played();
    // The stream alone, which never tells of a closed account.
    database
        .ingest(told.into_iter().map(Event::Account).collect())
        .await;
    derive::once(&database.pool).await.unwrap();
    let (closed, all): (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE closed_at_slot IS NOT NULL AND settled = games), count(*)
         FROM draws",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert_eq!((closed, all), (3, 3));
    assert!(world.draws.is_empty());
}

/// A frozen vault holds up the money, not the draw: who is out is known at once, who
/// won what when the money is divided.
#[tokio::test]
async fn a_settlement_that_waits_is_derived_when_it_comes() {
    let database = TestDatabase::migrated().await;
    let mut world = World::new();
    let game = world.open(Rule {
        rounds: 1,
        winners: 2,
        keep_bps: 0,
        entry_fee: 1_000,
    });
    for player in 1..=5 {
        world.join(game, 50 + player, 0, 3);
    }
    world.request(&[game]);
    world.reveal(value(1));
    let address = world.games[game].0;
    let mut before = world.games[game].1;
    world.settle(game);
    let settled = world.games[game].1;
    (before.round_seeds, before.rounds_settled) = (settled.round_seeds, 1);
    before.draw = Default::default();
    before.set_status(GameStatus::Playing);
    let mut accounts = world.accounts(10);
    for account in &mut accounts {
        if account.address == address {
            *account = update(address, 10, account.lamports, &before);
        }
    }
    database.snapshot(10, accounts).await;
    derive::once(&database.pool).await.unwrap();
    let counts = async || -> (i64, i64, i64) {
        sqlx::query_as(
            "SELECT (SELECT count(*) FROM game_rounds), (SELECT count(*) FROM winners),
                    (SELECT count(*) FROM entries WHERE prize IS NOT NULL)",
        )
        .fetch_one(&database.pool)
        .await
        .unwrap()
    };
    assert_eq!(counts().await, (1, 0, 0));
    let out: i64 = database
        .value("SELECT count(*) FROM entries WHERE eliminated_round = 0")
        .await;
    assert!(out >= 3);
    let base = crate::common::serve(database.pool.clone()).await;
    let shown = async || -> serde_json::Value {
        let path = format!("{base}/api/games/{address}");
        reqwest::get(path).await.unwrap().json().await.unwrap()
    };
    let game_shown = shown().await;
    assert_eq!(game_shown["awaits_settlement"], true);
    assert_eq!(game_shown["next_round_at"], serde_json::Value::Null);
    database.snapshot(11, world.accounts(11)).await;
    derive::once(&database.pool).await.unwrap();
    assert_eq!(counts().await, (1, 2, 5));
    assert_fates(&database, &world, game).await;
    assert_eq!(shown().await["awaits_settlement"], false);
}
