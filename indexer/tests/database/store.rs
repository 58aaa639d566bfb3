//! The tables: nothing is lost, nothing goes back, nothing stops the rest.

use crate::common::{
    Numbers, TestDatabase,
    chain::{self, World, key, update},
};
use bytemuck::Zeroable;
use lottery::state::{Draw, Entry, Game, GameStatus, House, Jackpot, Lane, Treasury};
use lottery_indexer::{
    source::{AccountUpdate, Event},
    store::{
        self, U64,
        draws::DrawBody,
        entries::EntryBody,
        games::GameBody,
        houses::HouseBody,
        jackpots::JackpotBody,
        lanes::LaneBody,
        table::{self, Body, Row},
        treasuries::TreasuryBody,
        watermark,
    },
};

#[tokio::test]
async fn migrations_apply_once_however_often_they_run() {
    let database = TestDatabase::empty().await;
    store::migrate(&database.pool).await.unwrap();
    store::migrate(&database.pool).await.unwrap();
    let applied: i64 = database
        .value("SELECT count(*) FROM _sqlx_migrations")
        .await;
    assert_eq!(
        usize::try_from(applied).unwrap(),
        store::MIGRATIONS.iter().count()
    );
}

/// Fills every byte that the type allows with its largest value.
fn largest<T: bytemuck::Pod>() -> T {
    let mut account = T::zeroed();
    bytemuck::bytes_of_mut(&mut account).fill(0xff);
    account
}

async fn stored<B: Body>(database: &TestDatabase, address: &solana_pubkey::Pubkey) -> Row<B> {
    let mut connection = database.pool.acquire().await.unwrap();
    table::find::<B>(&mut connection, address)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn the_largest_values_come_back_as_they_went_in() {
    let database = TestDatabase::migrated().await;
    let version = lottery::state::LAYOUT_VERSION;

    let mut house: House = largest();
    (house.prize_bps, house.treasury_bps, house.jackpot_bps) = (10_000, 0, [0; 3]);
    house.version = version;
    let mut treasury: Treasury = largest();
    treasury.version = version;
    let mut jackpot: Jackpot = largest();
    (jackpot.tier, jackpot.version) = (2, version);
    let mut lane: Lane = largest();
    lane.version = version;
    let mut draw: Draw = largest();
    (draw.state, draw.version) = (Draw::REVEALED, version);
    let mut entry: Entry = largest();
    entry.version = version;
    let mut game: Game = largest();
    (game.prize_bps, game.treasury_bps, game.jackpot_bps) = (10_000, 0, [0; 3]);
    (game.rounds, game.rounds_settled, game.winners) = (8, 8, 32);
    game.set_status(GameStatus::Drawing);
    game.version = version;

    database
        .ingest(vec![
            Event::Account(update(key(1), i64::MAX, u64::MAX, &house)),
            Event::Account(update(key(2), 1, u64::MAX, &treasury)),
            Event::Account(update(key(3), 1, u64::MAX, &jackpot)),
            Event::Account(update(key(4), 1, u64::MAX, &lane)),
            Event::Account(update(key(5), 1, u64::MAX, &draw)),
            Event::Account(update(key(6), 1, u64::MAX, &entry)),
            Event::Account(update(key(7), 1, u64::MAX, &game)),
        ])
        .await;

    let row = stored::<HouseBody>(&database, &key(1)).await;
    assert_eq!(
        (row.head.slot, row.head.lamports),
        (i64::MAX, U64(u64::MAX))
    );
    assert_eq!(row.body, HouseBody::from(&house));
    let row = stored::<TreasuryBody>(&database, &key(2)).await;
    assert_eq!(row.body, TreasuryBody::from(&treasury));
    let row = stored::<JackpotBody>(&database, &key(3)).await;
    assert_eq!(row.body, JackpotBody::from(&jackpot));
    let row = stored::<LaneBody>(&database, &key(4)).await;
    assert_eq!(row.body, LaneBody::from(&lane));
    let row = stored::<DrawBody>(&database, &key(5)).await;
    assert_eq!(row.body, DrawBody::from(&draw));
    let row = stored::<EntryBody>(&database, &key(6)).await;
    assert_eq!(row.body, EntryBody::from(&entry));
    let row = stored::<GameBody>(&database, &key(7)).await;
    assert_eq!(row.body, GameBody::from(&game));
    // None of the oracles, and the second alone: the gaps stay where they are.
    for tried in [[None; 3], [None, Some(key(9)), None]] {
        game.tried_oracles = tried.map(Option::unwrap_or_default);
        database.update(update(key(7), 2, 1, &game)).await;
        let row = stored::<GameBody>(&database, &key(7)).await;
        assert_eq!(row.body.tried_oracles, tried);
    }
    // As text, so that no conversion of ours is between.
    let text: String = database.value("SELECT prize_pool::text FROM games").await;
    assert_eq!(text, "18446744073709551615");
    let text: String = database
        .value("SELECT jackpot_mean[3]::text FROM games")
        .await;
    assert_eq!(text, "18446744073709551615");
}

#[tokio::test]
async fn an_aborted_draw_has_no_value() {
    let database = TestDatabase::migrated().await;
    let mut draw = Draw::zeroed();
    (draw.state, draw.games, draw.settled) = (Draw::ABORTED, 2, 1);
    (draw.timeout_slot, draw.bounty) = (900, 5_000);
    draw.version = lottery::state::LAYOUT_VERSION;
    database.update(update(key(5), 1, 1, &draw)).await;
    let row = stored::<DrawBody>(&database, &key(5)).await.body;
    assert_eq!(
        (row.state, row.value, row.reveal_slot),
        (Draw::ABORTED, None, None)
    );
    assert_eq!((row.timeout_slot, row.bounty), (Some(U64(900)), U64(5_000)));
}

#[tokio::test]
async fn times_beyond_the_calendar_are_kept_and_shown_as_unknown() {
    let database = TestDatabase::migrated().await;
    let mut world = World::new();
    let rule = chain::Rule {
        rounds: 1,
        winners: 1,
        keep_bps: 0,
        entry_fee: 5,
    };
    world.open(rule);
    world.games[0].1.opens_at = i64::MIN;
    world.games[0].1.closes_at = 1_700_000_000;
    database.snapshot(1, world.accounts(1)).await;
    let opens: i64 = database.value("SELECT opens_at FROM games").await;
    assert_eq!(opens, i64::MIN);
    assert!(
        database
            .value::<bool>("SELECT opens_time IS NULL FROM games")
            .await
    );
    let closes: String = database
        .value("SELECT (closes_time AT TIME ZONE 'UTC')::text FROM games")
        .await;
    assert_eq!(closes, "2023-11-14 22:13:20");
}

async fn accrued(database: &TestDatabase) -> (u64, i64) {
    let row = stored::<TreasuryBody>(database, &key(9)).await;
    (row.body.accrued.0, row.head.slot)
}

fn treasury(slot: i64, accrued: u64) -> AccountUpdate {
    let mut treasury = Treasury::zeroed();
    treasury.init(key(1), key(2), 1, 0);
    treasury.accrued = accrued;
    update(key(9), slot, 1, &treasury)
}

#[tokio::test]
async fn only_what_is_newer_changes_a_row() {
    let database = TestDatabase::migrated().await;
    database.update(treasury(10, 1)).await;
    database.update(treasury(9, 2)).await;
    assert_eq!(accrued(&database).await, (1, 10));
    // Of one slot the later arrival counts ...
    database.update(treasury(10, 3)).await;
    assert_eq!(accrued(&database).await, (3, 10));
    // ... unless the source numbers the writes ...
    let numbered = |accrued, write_version| AccountUpdate {
        write_version,
        ..treasury(11, accrued)
    };
    database.update(numbered(4, 7)).await;
    database.update(numbered(5, 6)).await;
    assert_eq!(accrued(&database).await, (4, 11));
    // ... and what is read of a slot that is over is its last.
    database.update(treasury(11, 6)).await;
    database.update(numbered(7, 8)).await;
    assert_eq!(accrued(&database).await, (6, 11));
    // Likewise within a batch.
    database
        .ingest(
            [treasury(13, 8), treasury(12, 7), numbered(6, 9)]
                .map(Event::Account)
                .to_vec(),
        )
        .await;
    assert_eq!(accrued(&database).await, (8, 13));
    // The same contents later are no change.
    database.update(treasury(20, 8)).await;
    assert_eq!(accrued(&database).await, (8, 13));
}

#[tokio::test]
async fn closed_accounts_stay_as_history() {
    let database = TestDatabase::migrated().await;
    let closed = async || -> Option<i64> {
        database
            .value("SELECT closed_at_slot::int8 FROM treasuries")
            .await
    };
    database.snapshot(10, vec![treasury(10, 1)]).await;
    assert_eq!(closed().await, None);
    database.snapshot(11, vec![]).await;
    assert_eq!(closed().await, Some(11));
    // A late word from before does not open it; a later one does.
    database.update(treasury(10, 1)).await;
    assert_eq!(closed().await, Some(11));
    database.update(treasury(12, 1)).await;
    assert_eq!(closed().await, None);
    // A snapshot from before the row was seen says nothing about it.
    database.snapshot(11, vec![]).await;
    assert_eq!(closed().await, None);
    // Sources that do tell.
    let mut gone = treasury(13, 0);
    (gone.lamports, gone.data, gone.owner) = (0, Vec::new(), Default::default());
    database.update(gone).await;
    assert_eq!(closed().await, Some(13));
    let mark = watermark::read(&database.pool).await.unwrap().unwrap();
    assert_eq!(mark.snapshot_slot, Some(11));
}

#[tokio::test]
async fn what_cannot_be_decoded_or_stored_is_set_aside_and_stops_nothing() {
    let database = TestDatabase::migrated().await;
    let mut unknown = treasury(5, 1);
    (unknown.address, unknown.data) = (key(20), vec![1, 2, 3]);
    // Decodes, but its shares are not 10,000: the table refuses it.
    let mut house = House::zeroed();
    house.version = lottery::state::LAYOUT_VERSION;
    let poison = update(key(21), 5, 1, &house);
    let accounts = vec![unknown, poison, treasury(5, 42)];
    database.snapshot(5, accounts.clone()).await;
    assert_eq!(accrued(&database).await, (42, 5));
    let letters: Vec<(String, i64, Vec<u8>, String)> = sqlx::query_as(
        "SELECT key, slot, bytes, reason FROM dead_letters WHERE kind = 'account' ORDER BY key",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let mut expected = [key(20).to_string(), key(21).to_string()];
    expected.sort();
    let keys: Vec<&String> = letters.iter().map(|letter| &letter.0).collect();
    assert_eq!(keys, expected.iter().collect::<Vec<_>>());
    for (key_, slot, bytes, reason) in &letters {
        let sent = accounts
            .iter()
            .find(|a| a.address.to_string() == *key_)
            .unwrap();
        assert_eq!((*slot, bytes), (5, &sent.data));
        assert!(!reason.is_empty());
    }
    // Again, as the next snapshot has them: no second letter.
    database.snapshot(6, accounts).await;
    assert_eq!(
        database
            .value::<i64>("SELECT count(*) FROM dead_letters")
            .await,
        2
    );
}

/// Random bytes of every length, behind nothing and behind every discriminator.
#[tokio::test]
async fn no_bytes_whatever_stop_the_indexer() {
    let database = TestDatabase::migrated().await;
    let mut numbers = Numbers(1);
    let starts: Vec<Vec<u8>> = {
        let world = World::new();
        let mut starts: Vec<Vec<u8>> = world
            .accounts(1)
            .iter()
            .map(|account| account.data[..8].to_vec())
            .collect();
        starts.extend([
            chain::bytes(&Game::zeroed())[..8].to_vec(),
            chain::bytes(&Entry::zeroed())[..8].to_vec(),
            chain::bytes(&Draw::zeroed())[..8].to_vec(),
            Vec::new(),
        ]);
        starts
    };
    let mut events = Vec::new();
    for length in 0..1_100 {
        for start in &starts {
            // All starts at the short and round lengths, one at the others.
            if length > 40 && length % 100 != 0 && !numbers.next().is_multiple_of(10) {
                continue;
            }
            let mut data = start.clone();
            data.extend(numbers.bytes(length));
            events.push(data);
        }
    }
    // And with the right length and version: every field random.
    for _ in 0..50 {
        let mut game: Game = bytemuck::pod_read_unaligned(&numbers.bytes(size_of::<Game>()));
        game.version = lottery::state::LAYOUT_VERSION;
        events.push(chain::bytes(&game));
        let mut entry: Entry = bytemuck::pod_read_unaligned(&numbers.bytes(size_of::<Entry>()));
        entry.version = lottery::state::LAYOUT_VERSION;
        events.push(chain::bytes(&entry));
        let mut draw: Draw = bytemuck::pod_read_unaligned(&numbers.bytes(size_of::<Draw>()));
        draw.version = lottery::state::LAYOUT_VERSION;
        events.push(chain::bytes(&draw));
    }
    let accounts: Vec<AccountUpdate> = events
        .into_iter()
        .map(|data| AccountUpdate {
            address: solana_pubkey::Pubkey::try_from(numbers.bytes(32)).unwrap(),
            slot: 3,
            write_version: 0,
            lamports: numbers.next().max(1),
            owner: lottery::ID,
            data,
        })
        .collect();
    let sent = i64::try_from(accounts.len()).unwrap();
    database.snapshot(3, accounts).await;
    lottery_indexer::derive::once(&database.pool).await.unwrap();
    let kept: i64 = database
        .value(
            "SELECT (SELECT count(*) FROM dead_letters) + (SELECT count(*) FROM games)
                  + (SELECT count(*) FROM entries) + (SELECT count(*) FROM draws)
                  + (SELECT count(*) FROM houses) + (SELECT count(*) FROM treasuries)
                  + (SELECT count(*) FROM jackpots) + (SELECT count(*) FROM lanes)",
        )
        .await;
    assert_eq!(kept, sent, "every account is in one place");
    assert!(database.value::<i64>("SELECT count(*) FROM entries").await > 0);
}

#[tokio::test]
async fn the_watermark_goes_forward_only() {
    let database = TestDatabase::migrated().await;
    let progress = |applied, chain| Event::Progress { applied, chain };
    database.ingest(vec![progress(5, 7), progress(4, 6)]).await;
    let mark = watermark::read(&database.pool).await.unwrap().unwrap();
    assert_eq!((mark.applied_slot, mark.chain_slot), (Some(4), Some(6)));
    database.ingest(vec![progress(9, 10)]).await;
    database.ingest(vec![progress(8, 9)]).await;
    let mark = watermark::read(&database.pool).await.unwrap().unwrap();
    assert_eq!((mark.applied_slot, mark.chain_slot), (Some(9), Some(10)));
    database
        .ingest(vec![Event::Trouble("lost\0it".into())])
        .await;
    let mark = watermark::read(&database.pool).await.unwrap().unwrap();
    assert_eq!(
        mark.last_error.as_deref(),
        None,
        "a zero cannot be kept, and does no harm"
    );
    database
        .ingest(vec![Event::Trouble("lost it".into())])
        .await;
    let mark = watermark::read(&database.pool).await.unwrap().unwrap();
    assert_eq!(mark.last_error.as_deref(), Some("lost it"));
}
