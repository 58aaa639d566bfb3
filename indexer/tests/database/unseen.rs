//! Games that came and went while nobody looked: their rows are made of their transactions.

use crate::common::{
    TestDatabase,
    ledger::{Chain, differences_of_rows, finalize},
};
use lottery_indexer::{
    derive,
    ledger::rebuild,
    repair::backfill,
    source::{Event, TransactionUpdate},
    store::{self, incomplete},
};
use solana_commitment_config::CommitmentConfig;

/// The rows are what the accounts were, as far as transactions tell.
async fn assert_known(database: &TestDatabase, chain: &Chain) {
    let differences = differences_of_rows(database, chain).await;
    assert!(differences.is_empty(), "{differences:?}");
}

async fn left(database: &TestDatabase) -> Vec<Option<String>> {
    sqlx::query_scalar("SELECT reason FROM incomplete_games")
        .fetch_all(&database.pool)
        .await
        .unwrap()
}

fn events(told: Vec<TransactionUpdate>) -> Vec<Event> {
    let told = told.into_iter();
    told.map(|it| Event::Transaction(Box::new(it))).collect()
}

#[tokio::test]
async fn a_game_that_was_settled_paid_and_closed_before_the_indexer_began_has_all_its_rows() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::told();
    chain.play_round(10, 1);
    chain.play_round(20, 2);
    chain.world.pay_winners(0, 3);
    chain.world.close_entries(0);
    chain.world.close_game(0);
    chain.land(22);
    chain.read(&database).await;
    // Nothing is made of what a fork may drop.
    assert_eq!(left(&database).await, [None]);
    finalize(&database, 30).await;
    derive::once(&database.pool).await.unwrap();
    assert_known(&database, &chain).await;
    assert!(left(&database).await.is_empty());
    let named: i64 = database.value("SELECT count(player) FROM winners").await;
    assert_eq!(named, 3);
    database.snapshot(23, chain.snapshot(23).accounts).await;
    let report = chain.verify(&database, 31).await;
    assert_eq!(
        (report.checked.unseen_games, report.checked.unseen_entries),
        (0, 0)
    );
}

#[tokio::test]
async fn a_cancelled_game_of_which_some_entries_were_seen_gets_the_others() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::told();
    database.snapshot(2, chain.snapshot(2).accounts).await;
    chain.join(15, 3, 6);
    chain.world.cancel(0);
    chain.world.refund_all(0);
    chain.world.close_entries(0);
    chain.world.close_game(0);
    chain.land(22);
    chain.read(&database).await;
    finalize(&database, 30).await;
    derive::once(&database.pool).await.unwrap();
    assert_known(&database, &chain).await;
    let report = chain.verify(&database, 31).await;
    assert_eq!(report.checked.unseen_entries, 0);
}

#[tokio::test]
async fn rows_that_come_after_what_the_ledger_told_of_them_are_told_it_once_more() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::told();
    // Read from the node before the game ended, and held up on the way.
    let late = chain.snapshot(2);
    chain.world.cancel(0);
    chain.world.refund_all(0);
    chain.world.close_entries(0);
    chain.world.close_game(0);
    chain.land(22);
    chain.read(&database).await;
    database.snapshot(late.slot, late.accounts).await;
    finalize(&database, 30).await;
    derive::once(&database.pool).await.unwrap();
    assert_known(&database, &chain).await;
    assert!(left(&database).await.is_empty());
    let report = chain.verify(&database, 31).await;
    assert_eq!(
        (report.checked.unseen_games, report.checked.unseen_entries),
        (0, 0)
    );
}

/// The end came before the rows, the close after them.
#[tokio::test]
async fn rows_that_come_between_a_games_end_and_its_close_are_told_of_both() {
    for is_cancelled in [true, false] {
        let database = TestDatabase::migrated().await;
        let mut chain = Chain::told();
        let late = chain.snapshot(2);
        if is_cancelled {
            chain.world.cancel(0);
            chain.world.refund_all(0);
        } else {
            chain.play_round(10, 1);
            chain.play_round(12, 2);
            chain.world.pay_winners(0, 3);
        }
        chain.land(20);
        chain.read(&database).await;
        database.snapshot(late.slot, late.accounts).await;
        chain.world.close_entries(0);
        chain.world.close_game(0);
        chain.land(22);
        chain.read(&database).await;
        finalize(&database, 30).await;
        derive::once(&database.pool).await.unwrap();
        assert_known(&database, &chain).await;
        assert!(left(&database).await.is_empty());
        database.snapshot(23, chain.snapshot(23).accounts).await;
        chain.verify(&database, 31).await;
    }
}

/// Neither the row that came meanwhile nor what the ledger told of meanwhile is lost.
#[tokio::test]
async fn rows_are_made_again_where_a_writer_came_between() {
    for is_row in [true, false] {
        let database = TestDatabase::migrated().await;
        let mut chain = Chain::told();
        let late = chain.snapshot(2);
        chain.world.cancel(0);
        chain.world.refund_all(0);
        chain.world.close_entries(0);
        chain.world.close_game(0);
        chain.land(22);
        chain.read(&database).await;
        finalize(&database, 30).await;
        let game = &chain.world.games[0].0;
        let mut connection = database.pool.acquire().await.unwrap();
        let mut view = store::begin_view(&mut connection).await.unwrap();
        assert!(incomplete::is_waiting(&mut view, game).await.unwrap());
        let history = incomplete::history(&mut view, game).await.unwrap();
        let made = rebuild::make(game, &history, None).unwrap();
        if is_row {
            database.snapshot(late.slot, late.accounts).await;
        } else {
            let mut writer = database.pool.acquire().await.unwrap();
            let told = [(game.to_string(), 23)];
            incomplete::note_untold(&mut writer, &told).await.unwrap();
        }
        store::turn(&mut view).await.unwrap();
        let error = incomplete::complete(&mut view, game, &made)
            .await
            .unwrap_err();
        assert!(store::is_overtaken(&error), "{error}");
        view.rollback().await.unwrap();
        drop(connection);
        derive::once(&database.pool).await.unwrap();
        assert_known(&database, &chain).await;
        assert!(left(&database).await.is_empty());
        database.snapshot(24, chain.snapshot(24).accounts).await;
        chain.verify(&database, 31).await;
    }
}

/// What was missing came while others were still looking for it.
#[tokio::test]
async fn a_game_is_not_given_up_where_a_writer_brought_what_it_lacked() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::told();
    chain.world.cancel(0);
    chain.world.refund_all(0);
    chain.world.close_entries(0);
    chain.world.close_game(0);
    chain.land(22);
    let mut told = events(chain.transactions());
    let creation = told.remove(0);
    database.ingest(told).await;
    finalize(&database, 30).await;
    let game = &chain.world.games[0].0;
    let mut connection = database.pool.acquire().await.unwrap();
    let mut view = store::begin_view(&mut connection).await.unwrap();
    assert!(incomplete::is_waiting(&mut view, game).await.unwrap());
    let history = incomplete::history(&mut view, game).await.unwrap();
    let lacks = rebuild::make(game, &history, None).unwrap_err();
    database.ingest(vec![creation]).await;
    store::turn(&mut view).await.unwrap();
    let error = incomplete::failed(&mut view, game, &lacks.to_string())
        .await
        .unwrap_err();
    assert!(store::is_overtaken(&error), "{error}");
    view.rollback().await.unwrap();
    drop(connection);
    derive::once(&database.pool).await.unwrap();
    assert_known(&database, &chain).await;
    assert!(left(&database).await.is_empty());
}

#[tokio::test]
async fn a_ledger_that_lacks_a_join_makes_nothing_up() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::told();
    // Nobody has its transaction.
    chain.world.join(0, 15, 3, 6);
    chain.world.cancel(0);
    chain.world.refund_all(0);
    chain.world.close_entries(0);
    chain.world.close_game(0);
    chain.land(22);
    chain.read(&database).await;
    finalize(&database, 30).await;
    derive::once(&database.pool).await.unwrap();
    let reasons = left(&database).await;
    let reason = reasons[0].as_deref().unwrap_or_default();
    assert!(reason.starts_with("its 4 entries are not all"), "{reason}");
    let rows: i64 = database
        .value("SELECT (SELECT count(*) FROM games) + (SELECT count(*) FROM entries)")
        .await;
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn a_game_whose_creation_the_node_forgot_is_made_once_a_backfill_brings_it() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::told();
    chain.world.cancel(0);
    chain.world.refund_all(0);
    chain.world.close_entries(0);
    chain.world.close_game(0);
    chain.land(22);
    let mut all = Vec::new();
    chain.node.set(|script| {
        all.clone_from(&script.transactions);
        script.transactions.remove(0);
    });
    chain.read(&database).await;
    finalize(&database, 30).await;
    derive::once(&database.pool).await.unwrap();
    let reasons = left(&database).await;
    assert!(
        reasons[0].as_deref().unwrap().contains("backfill"),
        "{reasons:?}"
    );
    chain.node.set(|script| {
        script.transactions = all;
        script.slot = 30;
    });
    let rpc = chain.node.serve().await;
    backfill::backfill(&database.pool, rpc, CommitmentConfig::confirmed(), 0..=5)
        .await
        .unwrap();
    derive::once(&database.pool).await.unwrap();
    assert_known(&database, &chain).await;
    assert!(left(&database).await.is_empty());
}

/// What the ledger does not have yet is neither given up nor made up.
#[tokio::test]
async fn rows_are_right_all_the_while_a_ledger_is_told_whose_end_came_first() {
    for has_row in [false, true] {
        let database = TestDatabase::migrated().await;
        let mut chain = Chain::told();
        chain.join_at(5, 15, 3, 6);
        chain.play_round(10, 1);
        chain.play_round(20, 2);
        chain.world.pay_winners(0, 3);
        chain.land(22);
        let mut seen = chain.snapshot(23);
        let unseen = chain.world.entries[0].0;
        chain.world.close_entries(0);
        chain.world.close_game(0);
        chain.land(24);
        if has_row {
            seen.accounts.retain(|account| account.address != unseen);
            database.snapshot(seen.slot, seen.accounts).await;
        }
        finalize(&database, 30).await;
        let mut told = chain.transactions();
        let end = told.pop().unwrap();
        for transaction in std::iter::once(end).chain(told) {
            let told = Event::Transaction(Box::new(transaction));
            database.ingest(vec![told]).await;
            derive::once(&database.pool).await.unwrap();
            if has_row {
                let (status, pool): (String, i64) =
                    sqlx::query_as("SELECT status::text, prize_pool::int8 FROM games")
                        .fetch_one(&database.pool)
                        .await
                        .unwrap();
                assert_eq!(status, "settled");
                assert!(pool > 0);
            }
        }
        assert_known(&database, &chain).await;
        assert!(left(&database).await.is_empty());
    }
}

#[tokio::test]
async fn a_close_that_comes_after_those_of_its_entries_is_believed() {
    let database = TestDatabase::migrated().await;
    let mut chain = Chain::told();
    database.snapshot(2, chain.snapshot(2).accounts).await;
    chain.world.cancel(0);
    chain.world.refund_all(0);
    chain.land(30);
    chain.world.close_game(0);
    chain.land(50);
    chain.world.close_entries(0);
    chain.land(60);
    let mut told = chain.transactions();
    let close = told.remove(told.len() - 2);
    database.ingest(events(told)).await;
    database.ingest(events(vec![close])).await;
    let closed: Option<i64> = database
        .value("SELECT closed_at_slot::int8 FROM games")
        .await;
    assert_eq!(closed, Some(50));
    finalize(&database, 70).await;
    derive::once(&database.pool).await.unwrap();
    assert_known(&database, &chain).await;
}
