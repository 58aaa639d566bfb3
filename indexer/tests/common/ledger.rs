//! A chain with its transactions: what accounts tell, and what the ledger does.

use lottery_client::instruction::{self as ix, LaneKeys};
use lottery_indexer::{
    derive,
    source::Snapshot,
    store::{
        entries::EntryBody,
        games::GameBody,
        table::{self, Body as _, Row},
    },
    verify::{self, Report, Vaults},
};

use lottery::state::GameParams;

use super::{
    TestDatabase,
    chain::{Rule, World, key, value},
    node::Node,
};

const RULE: Rule = Rule {
    rounds: 2,
    winners: 3,
    keep_bps: 5_000,
    entry_fee: 10_007,
};

/// No fork can drop anything up to this slot any more.
pub async fn finalize(database: &TestDatabase, slot: i64) {
    sqlx::query("UPDATE watermark SET finalized_slot = $1")
        .bind(slot)
        .execute(&database.pool)
        .await
        .unwrap();
}

/// In what the rows of a game that is closed, and of its entries, differ from their last
/// accounts, as far as transactions tell.
pub async fn differences_of_rows(database: &TestDatabase, chain: &Chain) -> Vec<String> {
    let mut connection = database.pool.acquire().await.unwrap();
    let (address, game) = &chain.world.games[0];
    let found = table::find::<GameBody>(&mut connection, address).await;
    let Some(Row { body: found, .. }) = found.unwrap() else {
        return vec!["the game has no row".to_owned()];
    };
    let mut expected = GameBody::from(game);
    expected.bounty_escrow = found.bounty_escrow;
    expected.rent_reserve = found.rent_reserve;
    expected.next_round_at = found.next_round_at;
    expected.draw_index = found.draw_index;
    expected.bump = found.bump;
    // Of a row that was seen before, it is as it was seen.
    expected.entries_closed = found.entries_closed;
    let is_dated = found.settled_at > 1_700_000_000;
    expected.settled_at = found.settled_at;
    let fields = expected.differences(&found);
    let mut differences: Vec<String> = fields.iter().map(|it| format!("{it:?}")).collect();
    if !is_dated {
        differences.push(format!("settled at {}", found.settled_at));
    }
    for (address, entry) in &chain.world.entries {
        let found = table::find::<EntryBody>(&mut connection, address).await;
        let Some(Row { body: found, .. }) = found.unwrap() else {
            differences.push(format!("entry {address} has no row"));
            continue;
        };
        let mut expected = EntryBody::from(entry);
        expected.bump = found.bump;
        let fields = expected.differences(&found);
        differences.extend(fields.iter().map(|it| format!("{it:?}")));
    }
    let open: i64 = database
        .value(
            "SELECT (SELECT count(*) FROM games WHERE closed_at_slot IS NULL)
                  + (SELECT count(*) FROM entries WHERE closed_at_slot IS NULL)",
        )
        .await;
    let entries = i64::try_from(chain.world.entries.len()).unwrap();
    if open != entries {
        differences.push(format!("{open} rows are open, not {entries}"));
    }
    differences
}

/// What the ledger of a chain needs.
pub struct Chain {
    pub world: World,
    pub node: Node,
    transactions: u8,
}

impl Chain {
    /// A chain that has come to the same so far, and goes its own way.
    pub fn fork(&self) -> Self {
        let node = Node::default();
        let known = self.node.0.lock().unwrap().transactions.clone();
        node.set(|script| script.transactions = known);
        Self {
            world: self.world.clone(),
            node,
            transactions: self.transactions,
        }
    }

    /// A house with one game in which four players hold 20 tickets.
    pub fn new() -> Self {
        let mut world = World::new();
        let game = world.open(RULE);
        world.tell_created(game);
        for (player, tickets) in [(11, 8), (12, 1), (13, 4), (14, 7)] {
            world.join(game, player, 0, tickets);
        }
        let mut chain = Self {
            world,
            node: Node::default(),
            transactions: 0,
        };
        chain.land(1);
        chain
    }

    /// The same, with the transactions that created the game and sold its tickets.
    pub fn told() -> Self {
        let mut world = World::new();
        world.open(RULE);
        let mut chain = Self {
            world,
            node: Node::default(),
            transactions: 0,
        };
        chain.world.tell_created(0);
        let (house, game) = (chain.world.house_address, chain.world.games[0].1);
        let params = GameParams {
            id: game.id,
            entry_fee: game.entry_fee,
            opens_at: game.opens_at,
            closes_at: game.closes_at,
            min_tickets: game.min_tickets,
            max_tickets: game.max_tickets,
            max_tickets_per_entry: game.max_tickets_per_entry,
            round_interval: game.round_interval,
            rounds: game.rounds,
            winners: game.winners,
            keep_bps: game.keep_bps,
            place_bps: game.place_bps,
        };
        chain.transactions += 1;
        let event = chain.world.take_told().pop().unwrap();
        let create = [ix::create_game(game.creator, house, params, None)];
        let number = chain.transactions;
        chain
            .node
            .tell(number, 1, game.creator, &create, &[(0, event)]);
        for (player, tickets) in [(11, 8), (12, 1), (13, 4), (14, 7)] {
            chain.join(player, 0, tickets);
        }
        chain
    }

    /// Sells tickets, by a transaction of its own.
    pub fn join(&mut self, player: u8, nonce: u16, tickets: u32) {
        self.join_at(1, player, nonce, tickets);
    }

    pub fn join_at(&mut self, slot: u64, player: u8, nonce: u16, tickets: u32) {
        self.world.join(0, player, nonce, tickets);
        let purchase = ix::Purchase {
            player: key(player),
            house: self.world.house_address,
            game: self.world.games[0].0,
            tickets,
            nonce,
            max_total: u64::MAX,
        };
        self.transactions += 1;
        let join = [ix::join(&purchase, None)];
        self.node
            .tell(self.transactions, slot, key(player), &join, &[]);
    }

    /// Puts the events since the last time into a transaction.
    pub fn land(&mut self, slot: u64) {
        self.transactions += 1;
        let events: Vec<(u8, Vec<u8>)> = (self.world.take_told().into_iter())
            .map(|event| (0, event))
            .collect();
        // Any instruction that carries the events' authority will do.
        let carrier = [ix::cancel_game(key(6), key(7))];
        let number = self.transactions;
        self.node.tell(number, slot, key(6), &carrier, &events);
    }

    /// Requests a draw of the game, with the instruction that names lane and payer.
    pub fn request(&mut self, slot: u64) {
        let keys = LaneKeys {
            house: self.world.house_address,
            queue: key(3),
            index: 0,
        };
        let id = self.world.lane.next_draw;
        self.world.request(&[0]);
        let payer = self.world.house.creator;
        let game = self.world.games[0].0;
        let request = ix::request_draw(payer, keys, id, key(5), &[game]);
        self.transactions += 1;
        let event = self.world.take_told().pop().unwrap();
        let number = self.transactions;
        self.node
            .tell(number, slot, payer, &[request], &[(0, event)]);
    }

    pub fn play_round(&mut self, slot: u64, round: u8) {
        self.request(slot);
        self.world.reveal(value(round));
        self.world.settle(0);
        self.land(slot + 1);
    }

    pub async fn read(&self, database: &TestDatabase) {
        let rpc = self.node.serve().await;
        assert!(database.read_ledger(&rpc, false).await.unwrap());
        derive::once(&database.pool).await.unwrap();
    }

    pub fn snapshot(&self, slot: i64) -> Snapshot {
        Snapshot {
            slot,
            accounts: self.world.accounts(slot),
        }
    }

    pub async fn verify(&self, database: &TestDatabase, slot: i64) -> Report {
        let report = verify::pass(&database.pool, &self.snapshot(slot), &Vaults::new())
            .await
            .unwrap();
        assert!(report.is_clean(), "{report}");
        report
    }
}
