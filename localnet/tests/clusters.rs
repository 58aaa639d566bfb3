//! The same story on each cluster: a randomness account from its creation to the
//! revealed value, with everything an oracle must refuse on the way.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use base64::{Engine as _, prelude::BASE64_STANDARD};
use lottery_localnet::{
    ClusterChoice, Kind, Localnet, LocalnetError, Options, REVEAL_PATH, RevealRequest,
    RevealResponse,
};
use randomness_stand_in::{
    client::{self, Revelation},
    layout::{self, OracleAccountData, RandomnessAccountData},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

const SOL: u64 = 1_000_000_000;

/// A cluster and a randomness account on it that a keypair holds.
struct Story {
    localnet: Localnet,
    http: reqwest::Client,
    authority: Keypair,
    randomness: Keypair,
}

impl Story {
    async fn begin(cluster: ClusterChoice) -> Self {
        let localnet = Localnet::start(Options {
            cluster,
            ..Options::default()
        })
        .await
        .expect("the cluster starts");
        let authority = Keypair::new();
        localnet.airdrop(&authority.pubkey(), SOL).await.unwrap();
        let story = Self {
            localnet,
            http: reqwest::Client::new(),
            authority,
            randomness: Keypair::new(),
        };
        // A finalized one: simulation runs in a bank that does not list itself.
        let finalized = CommitmentConfig::finalized();
        let rpc = story.localnet.rpc_client();
        let recent_slot = rpc.get_slot_with_commitment(finalized).await.unwrap();
        let init = client::randomness_init(
            story.randomness.pubkey(),
            story.authority.pubkey(),
            story.localnet.payer().pubkey(),
            story.queue(),
            recent_slot,
        );
        story
            .localnet
            .send(&[init], &[&story.randomness, &story.authority])
            .await
            .expect("the randomness account is created");
        story
    }

    fn queue(&self) -> Pubkey {
        self.localnet.queue().unwrap()
    }

    async fn commit(&self, oracle: usize) {
        let commit = client::randomness_commit(
            self.randomness.pubkey(),
            self.authority.pubkey(),
            self.queue(),
            self.localnet.oracles()[oracle].pubkey,
        );
        let signers = [&self.authority];
        self.localnet.send(&[commit], &signers).await.unwrap();
    }

    async fn reveal(&self, oracle: usize, revelation: &Revelation) -> Result<(), LocalnetError> {
        let reveal = client::randomness_reveal(
            self.randomness.pubkey(),
            self.authority.pubkey(),
            self.queue(),
            self.localnet.oracles()[oracle].pubkey,
            revelation,
        );
        let signers = [&self.authority];
        self.localnet.send(&[reveal], &signers).await.map(drop)
    }

    async fn stored(&self) -> RandomnessAccountData {
        let rpc = self.localnet.rpc_client();
        let data = rpc.get_account_data(&self.randomness.pubkey()).await;
        layout::parse(&data.unwrap()).unwrap()
    }

    /// What a client asks after a commit.
    async fn request(&self) -> RevealRequest {
        let stored = self.stored().await;
        RevealRequest {
            slothash: stored.seed_slothash,
            randomness_key: hex::encode(self.randomness.pubkey()),
            slot: stored.seed_slot,
            rpc: self.localnet.rpc_url().to_owned(),
        }
    }

    /// The address is the one in the oracle's account, as for any client.
    async fn ask(&self, oracle: usize, body: &impl serde::Serialize) -> reqwest::Response {
        let rpc = self.localnet.rpc_client();
        let account = self.localnet.oracles()[oracle].pubkey;
        let data = rpc.get_account_data(&account).await.unwrap();
        let stored: OracleAccountData = layout::parse(&data).unwrap();
        let url = stored.gateway_uri().unwrap();
        assert_eq!(url, self.localnet.oracles()[oracle].gateway_url);
        let post = self.http.post(format!("{url}{REVEAL_PATH}")).json(body);
        post.send().await.unwrap()
    }

    async fn answer(&self, oracle: usize, request: &RevealRequest) -> RevealResponse {
        let response = self.ask(oracle, request).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    async fn assert_refused(&self, oracle: usize, body: &impl serde::Serialize, why: StatusCode) {
        let response = self.ask(oracle, body).await;
        assert_eq!(response.status(), why);
        let body: Value = response.json().await.unwrap();
        assert!(body["error"].is_string(), "{body}");
    }
}

fn revelation(response: &RevealResponse) -> Revelation {
    let signature = BASE64_STANDARD.decode(&response.signature).unwrap();
    Revelation {
        signature: signature.try_into().unwrap(),
        recovery_id: response.recovery_id.try_into().unwrap(),
        value: response.value.clone().try_into().unwrap(),
    }
}

async fn commitment_to_value(story: &Story) {
    story.commit(0).await;
    let request = story.request().await;
    let response = story.answer(0, &request).await;
    assert_eq!(response, story.answer(0, &request).await, "asked twice");

    story.reveal(0, &revelation(&response)).await.unwrap();
    let stored = story.stored().await;
    assert_eq!(stored.value.as_slice(), response.value);
    assert!(stored.reveal_slot > stored.seed_slot);
    assert_eq!(stored.seed_slot, request.slot);

    // Another commitment has another value.
    story.commit(0).await;
    let next = story.answer(0, &story.request().await).await;
    assert_ne!(next.value, response.value);
}

async fn gateway_refusals(story: &Story) {
    story.commit(1).await;
    let good = story.request().await;
    story.answer(1, &good).await;

    let mut unseen = good.clone();
    unseen.slothash[0] ^= 1;
    story.assert_refused(1, &unseen, StatusCode::CONFLICT).await;

    let mut other_slot = good.clone();
    other_slot.slot += 1;
    story
        .assert_refused(1, &other_slot, StatusCode::CONFLICT)
        .await;

    // Committed to the other oracle.
    story.assert_refused(0, &good, StatusCode::CONFLICT).await;

    let mut nobody = good.clone();
    nobody.randomness_key = hex::encode(Keypair::new().pubkey());
    story
        .assert_refused(1, &nobody, StatusCode::NOT_FOUND)
        .await;

    let mut not_randomness = good.clone();
    not_randomness.randomness_key = hex::encode(story.queue());
    story
        .assert_refused(1, &not_randomness, StatusCode::BAD_REQUEST)
        .await;

    for malformed in [
        json!({}),
        json!([1, 2, 3]),
        json!({ "slothash": [1, 2], "randomness_key": good.randomness_key, "slot": 1 }),
        json!({ "slothash": good.slothash, "randomness_key": "0x12", "slot": 1, "rpc": "" }),
        json!({ "slothash": good.slothash, "randomness_key": good.randomness_key, "slot": -1 }),
    ] {
        story
            .assert_refused(1, &malformed, StatusCode::BAD_REQUEST)
            .await;
    }

    let gateway = story.localnet.gateway_url().unwrap();
    for (path, why) in [
        (format!("/9{REVEAL_PATH}"), StatusCode::NOT_FOUND),
        (format!("/x{REVEAL_PATH}"), StatusCode::NOT_FOUND),
        ("/".to_owned(), StatusCode::NOT_FOUND),
    ] {
        let post = story.http.post(format!("{gateway}{path}")).json(&good);
        assert_eq!(post.send().await.unwrap().status(), why, "{path}");
    }

    story.localnet.silence_oracle(1, true).unwrap();
    story
        .assert_refused(1, &good, StatusCode::SERVICE_UNAVAILABLE)
        .await;
    story.localnet.silence_oracle(1, false).unwrap();
    story.answer(1, &good).await;
}

/// The chain itself refuses a value the oracle did not sign.
async fn forgeries(story: &Story) {
    story.commit(0).await;
    let mut forged = revelation(&story.answer(0, &story.request().await).await);
    forged.value[0] ^= 1;
    let refused = story.reveal(0, &forged).await.unwrap_err();
    let code = randomness_stand_in::StandInError::SignatureMismatch.code();
    assert!(
        matches!(&refused, LocalnetError::Transaction { error, .. }
            if error.to_string().contains(&format!("custom program error: {code:#x}"))),
        "{refused}"
    );
}

async fn money(story: &Story) {
    let wallets: Vec<_> = (0..205).map(|_| Keypair::new().pubkey()).collect();
    let localnet = &story.localnet;
    // The same transfers again are made again.
    for round in 1..=2 {
        localnet.fund(&wallets, SOL).await.unwrap();
        let accounts = localnet.rpc_client();
        for batch in wallets.chunks(100) {
            let accounts = accounts.get_multiple_accounts(batch).await.unwrap();
            assert!(
                accounts
                    .iter()
                    .flatten()
                    .all(|account| account.lamports == round * SOL)
            );
            assert_eq!(accounts.iter().flatten().count(), batch.len());
        }
    }
}

async fn expiry(story: &Story) {
    let localnet = &story.localnet;
    localnet.set_oracle_expiry(1, 7).await.unwrap();
    let rpc = localnet.rpc_client();
    let data = rpc
        .get_account_data(&localnet.oracles()[1].pubkey)
        .await
        .unwrap();
    let stored: OracleAccountData = layout::parse(&data).unwrap();
    assert_eq!(stored.enclave.valid_until, 7);
}

async fn whole_story(cluster: ClusterChoice, kind: Kind) {
    let mut story = Story::begin(cluster).await;
    assert_eq!(story.localnet.kind(), kind);
    commitment_to_value(&story).await;
    gateway_refusals(&story).await;
    forgeries(&story).await;
    money(&story).await;
    expiry(&story).await;
    story.localnet.check().unwrap();

    // Somebody else can make oracles of their own on a cluster that runs.
    let attached = Story::begin(ClusterChoice::Attach {
        rpc_url: story.localnet.rpc_url().to_owned(),
        ws_url: None,
    })
    .await;
    assert_eq!(attached.localnet.kind(), Kind::Attached);
    assert_ne!(attached.localnet.queue(), story.localnet.queue());
    commitment_to_value(&attached).await;
    attached.localnet.shutdown().await;

    let rpc = story.localnet.rpc_client();
    rpc.get_health()
        .await
        .expect("the attached one left it alone");
    story.localnet.shutdown().await;
    assert!(rpc.get_health().await.is_err(), "the cluster has ended");
}

#[tokio::test]
async fn on_surfnet() {
    whole_story(ClusterChoice::Surfnet, Kind::Surfnet).await;
}

#[tokio::test]
async fn on_a_validator() {
    let name = "solana-test-validator";
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|folder| folder.join(name).is_file()) {
        println!("skipped: {name} is not on PATH");
        return;
    }
    whole_story(ClusterChoice::Validator, Kind::Validator).await;
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let options = Options {
        cluster: ClusterChoice::Surfnet,
        program_dir: "no-such-folder".into(),
        ..Options::default()
    };
    let error = Localnet::start(options).await.err().unwrap();
    assert!(matches!(error, LocalnetError::ProgramMissing(_)), "{error}");
}
