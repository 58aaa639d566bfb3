//! Many accounts in one transaction: decoded, sorted, written table by table in
//! one order, which is what keeps any two writers from waiting in a circle.

use std::collections::HashMap;

use lottery_client::account::{self, Account};
use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{
    U64,
    base58::text,
    dead_letters,
    dead_letters::{DeadLetter, LetterKind},
    draw_games,
    draws::DrawBody,
    entries::EntryBody,
    forks,
    games::GameBody,
    houses::HouseBody,
    jackpots::JackpotBody,
    lanes::LaneBody,
    table::{self, Body, Head, Row},
    transactions,
    treasuries::TreasuryBody,
    upsert::{self, Changed, Ready},
};
use crate::{ledger::again::Late, source::AccountUpdate};

/// The accounts' tables in the order they are written.
pub const TABLES: [&str; 7] = [
    HouseBody::TABLE,
    TreasuryBody::TABLE,
    JackpotBody::TABLE,
    LaneBody::TABLE,
    DrawBody::TABLE,
    GameBody::TABLE,
    EntryBody::TABLE,
];

/// Accounts ready to be written.
#[derive(Debug, Default)]
pub struct Batch {
    houses: Ready<HouseBody>,
    treasuries: Ready<TreasuryBody>,
    jackpots: Ready<JackpotBody>,
    lanes: Ready<LaneBody>,
    draws: Ready<DrawBody>,
    games: Ready<GameBody>,
    entries: Ready<EntryBody>,
    closed: Vec<(String, i64)>,
    letters: Vec<DeadLetter>,
}

/// What updates were decoded to.
#[derive(Default)]
struct Decoded {
    houses: Vec<Row<HouseBody>>,
    treasuries: Vec<Row<TreasuryBody>>,
    jackpots: Vec<Row<JackpotBody>>,
    lanes: Vec<Row<LaneBody>>,
    draws: Vec<Row<DrawBody>>,
    games: Vec<Row<GameBody>>,
    entries: Vec<Row<EntryBody>>,
    closed: Vec<(String, i64)>,
    letters: Vec<DeadLetter>,
}

impl Decoded {
    fn add(&mut self, update: &AccountUpdate) {
        if update.is_closed() {
            self.closed.push((text(&update.address), update.slot));
            return;
        }
        let head = Head {
            address: update.address,
            slot: update.slot,
            write_version: update.write_version,
            lamports: U64(update.lamports),
        };
        fn row<A, B: for<'a> From<&'a A>>(head: Head, account: &A) -> Row<B> {
            Row {
                head,
                body: B::from(account),
            }
        }
        match account::decode_any(&update.owner, &update.data) {
            Ok(Account::House(a)) => self.houses.push(row(head, &a)),
            Ok(Account::Treasury(a)) => self.treasuries.push(row(head, &a)),
            Ok(Account::Jackpot(a)) => self.jackpots.push(row(head, &a)),
            Ok(Account::Lane(a)) => self.lanes.push(row(head, &a)),
            Ok(Account::Draw(a)) => self.draws.push(row(head, &a)),
            Ok(Account::Game(a)) => self.games.push(row(head, &a)),
            Ok(Account::Entry(a)) => self.entries.push(row(head, &a)),
            Err(error) => self.letters.push(letter(update, &error.to_string())),
        }
    }

    fn ready(self) -> Batch {
        let mut batch = Batch {
            houses: Ready::of(self.houses),
            treasuries: Ready::of(self.treasuries),
            jackpots: Ready::of(self.jackpots),
            lanes: Ready::of(self.lanes),
            draws: Ready::of(self.draws),
            games: Ready::of(self.games),
            entries: Ready::of(self.entries),
            closed: self.closed,
            letters: self.letters,
        };
        batch.closed.sort();
        batch.letters.sort_by(|a, b| a.key.cmp(&b.key));
        batch
    }
}

/// How many rows changed, by table.
pub type Counts = Vec<(&'static str, u64)>;

fn counted(changed: &[(&'static str, Vec<Changed>)]) -> Counts {
    let counts = changed.iter();
    let count = |rows: &Vec<Changed>| u64::try_from(rows.len()).unwrap_or(u64::MAX);
    counts.map(|(table, rows)| (*table, count(rows))).collect()
}

/// Has a function of [`table`] write the rows of every table, in their order.
macro_rules! each {
    ($batch:ident, $connection:ident, $write:ident) => {
        vec![
            (
                HouseBody::TABLE,
                upsert::$write($connection, &$batch.houses).await?,
            ),
            (
                TreasuryBody::TABLE,
                upsert::$write($connection, &$batch.treasuries).await?,
            ),
            (
                JackpotBody::TABLE,
                upsert::$write($connection, &$batch.jackpots).await?,
            ),
            (
                LaneBody::TABLE,
                upsert::$write($connection, &$batch.lanes).await?,
            ),
            (
                DrawBody::TABLE,
                upsert::$write($connection, &$batch.draws).await?,
            ),
            (
                GameBody::TABLE,
                upsert::$write($connection, &$batch.games).await?,
            ),
            (
                EntryBody::TABLE,
                upsert::$write($connection, &$batch.entries).await?,
            ),
        ]
    };
}

impl Batch {
    /// Decodes updates. Of several of one account the newest counts; of equals
    /// the later one, as sources deliver in order.
    pub fn decode(updates: impl IntoIterator<Item = AccountUpdate>) -> Self {
        let mut newest: HashMap<Pubkey, AccountUpdate> = HashMap::new();
        for update in updates {
            match newest.get(&update.address) {
                Some(known) if known.order() > update.order() => {}
                _ => {
                    newest.insert(update.address, update);
                }
            }
        }
        let mut decoded = Decoded::default();
        for update in newest.values() {
            decoded.add(update);
        }
        decoded.ready()
    }

    /// The games' rows, sorted.
    pub fn games(&self) -> &[Row<GameBody>] {
        self.games.rows()
    }

    /// The entries' rows, sorted.
    pub fn entries(&self) -> &[Row<EntryBody>] {
        self.entries.rows()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.houses.is_empty()
            && self.treasuries.is_empty()
            && self.jackpots.is_empty()
            && self.lanes.is_empty()
            && self.draws.is_empty()
            && self.games.is_empty()
            && self.entries.is_empty()
            && self.closed.is_empty()
            && self.letters.is_empty()
    }

    /// The letters about accounts that were not understood.
    pub fn letters(&self) -> &[DeadLetter] {
        &self.letters
    }

    /// Writes everything whatever was there before, and has games computed anew: what the
    /// tables had was wrong.
    ///
    /// # Errors
    /// The database's.
    pub async fn overwrite(&self, connection: &mut PgConnection) -> Result<Counts, sqlx::Error> {
        let changed = each!(self, connection, overwrite);
        self.overwritten(connection, changed).await
    }

    /// The same after a fork took back what the tables had: the ledger, too, so that what is
    /// left of it counts.
    ///
    /// # Errors
    /// The database's.
    pub async fn restore(&self, connection: &mut PgConnection) -> Result<Counts, sqlx::Error> {
        let changed = each!(self, connection, overwrite);
        self.tell_again(connection, &changed).await?;
        self.overwritten(connection, changed).await
    }

    async fn overwritten(
        &self,
        connection: &mut PgConnection,
        changed: Vec<(&'static str, Vec<Changed>)>,
    ) -> Result<Counts, sqlx::Error> {
        let games = self
            .games
            .rows()
            .iter()
            .map(|game| text(&game.head.address));
        forks::derive_again(connection, &games.collect::<Vec<_>>()).await?;
        dead_letters::insert_all(connection, &self.letters).await?;
        Ok(counted(&changed))
    }

    /// Has the rows that changed told what the ledger already has of them.
    async fn tell_again(
        &self,
        connection: &mut PgConnection,
        changed: &[(&'static str, Vec<Changed>)],
    ) -> Result<(), sqlx::Error> {
        let of = |table: &'static str| -> HashMap<Pubkey, bool> {
            let rows = changed.iter().filter(|(name, _)| *name == table);
            let rows = rows.flat_map(|(_, rows)| rows);
            rows.map(|row| (row.address, row.is_new)).collect()
        };
        let (draws, games) = (of(DrawBody::TABLE), of(GameBody::TABLE));
        let entries = of(EntryBody::TABLE);
        if draws.is_empty() && games.is_empty() && entries.is_empty() {
            return Ok(());
        }
        let newest = transactions::newest_slot(connection).await?;
        let is_late = |head: &Head| Some(head.slot) <= newest;
        let since = |head: &Head| (text(&head.address), head.slot);
        let draws = (self.draws.rows().iter())
            .filter(|row| is_late(&row.head) && draws.contains_key(&row.head.address))
            .map(|row| text(&row.head.address));
        let games = (self.games.rows().iter())
            .filter(|row| is_late(&row.head) && games.contains_key(&row.head.address))
            .map(|row| since(&row.head));
        // Of others the accounts tell that they were refunded, and snapshots their end.
        let entries = (self.entries.rows().iter())
            .filter(|row| is_late(&row.head) && entries.get(&row.head.address) == Some(&true))
            .map(|row| (text(&row.body.game), since(&row.head)));
        let late = Late {
            draws: draws.collect(),
            games: games.collect(),
            entries: entries.collect(),
        };
        late.tell(connection).await
    }

    /// Writes everything through `connection`, which is in a transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn write(&self, connection: &mut PgConnection) -> Result<Counts, sqlx::Error> {
        let written = each!(self, connection, upsert);
        self.tell_again(connection, &written).await?;
        let mut changed = counted(&written);
        if !self.closed.is_empty() {
            let (addresses, slots): (Vec<_>, Vec<_>) = self.closed.iter().cloned().unzip();
            for name in TABLES {
                let closed = table::close(connection, name, &addresses, &slots).await?;
                changed.push((name, closed));
            }
        }
        bind_drawing_games(connection, self.games.rows()).await?;
        dead_letters::insert_all(connection, &self.letters).await?;
        Ok(changed)
    }
}

/// Remembers which draw a game was bound to: the game forgets it when it is
/// settled or released.
async fn bind_drawing_games(
    connection: &mut PgConnection,
    games: &[Row<GameBody>],
) -> Result<(), sqlx::Error> {
    let bound: Vec<(String, String)> = games
        .iter()
        .filter_map(|game| {
            let draw = game.body.draw?;
            Some((text(&game.head.address), text(&draw)))
        })
        .collect();
    draw_games::bind(connection, &bound).await
}

/// The letter about an account that was refused.
pub fn letter(update: &AccountUpdate, reason: &str) -> DeadLetter {
    DeadLetter {
        kind: LetterKind::Account,
        key: update.address.to_string(),
        slot: update.slot,
        lamports: Some(U64(update.lamports)),
        owner: Some(update.owner.to_string()),
        bytes: update.data.clone(),
        reason: reason.to_owned(),
    }
}
