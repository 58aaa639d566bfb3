//! When to end.

use std::{io::Read as _, thread};

use anyhow::Context as _;
use surfpool_types::channel::{Receiver, Sender, bounded};
use tokio::signal::unix::{SignalKind, signal};

/// Why the process ends.
#[derive(Debug)]
pub struct Stop;

/// A channel that speaks once at SIGTERM, SIGINT or, if asked, when stdin closes.
pub fn listen(on_stdin_closed: bool) -> anyhow::Result<Receiver<Stop>> {
    let (stop, stopped) = bounded(1);
    listen_for_signals(stop.clone())?;
    if on_stdin_closed {
        thread::Builder::new()
            .name("stdin".into())
            .spawn(move || wait_for_end_of_input(&stop))?;
    }
    Ok(stopped)
}

/// The handlers are in place when this returns; waiting is a thread's.
fn listen_for_signals(stop: Sender<Stop>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .context("starting the signal listener")?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        )
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            });
            // Full means that somebody else said it already.
            let _ = stop.try_send(Stop);
        })?;
    Ok(())
}

fn wait_for_end_of_input(stop: &Sender<Stop>) {
    let mut stdin = std::io::stdin().lock();
    let mut buffer = [0; 256];
    loop {
        match stdin.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let _ = stop.try_send(Stop);
}
