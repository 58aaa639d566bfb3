//! A keeper whose machine's clock is wrong. What it is to do is decided by the chain's
//! clock and by time that passes; who leads, by Postgres's clock.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use lottery_lab::trial::{Terms, World};

use crate::stage::Stage;

pub async fn a_day_ahead(world: Arc<World>) {
    play(world, "+1d", 1).await;
}

pub async fn a_day_behind(world: Arc<World>) {
    play(world, "-1d", -1).await;
}

/// Where Debian's package has the library; the command of the same name forks, and what
/// it runs would outlive it.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    found.find(|library| library.is_file())
}

async fn play(world: Arc<World>, offset: &str, days: i64) {
    let Some(library) = faketime() else {
        println!("     skipped: libfaketime is not installed");
        return;
    };
    let stage = Stage::set(world, Terms::default(), 1, true, |mut launch| {
        launch.variables = vec![
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME", offset.to_owned()),
            // Clocks that only measure go right on any machine.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        launch
    })
    .await;
    stage.start_all().await;
    stage.play().await;
    // It did live on another day.
    let log = stage.keeper().log();
    assert!(log.starts_with(&date(days)), "{}", stage.keeper().tail());
    stage.judge(&[], true).await;
}

/// The date so many days from now, as logs begin with it.
fn date(days: i64) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let day = i64::try_from(now / 86_400).unwrap() + days;
    // Days since 0000-03-01, by which a year ends with its leap day.
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{of_month:02}", year + era * 400 + carry)
}
