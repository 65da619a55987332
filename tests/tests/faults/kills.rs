//! Whatever is killed, and however badly R2 takes it: what is listed is there, once, and plays.

use std::{env, time::Duration};

use harness::{
    Broadcast, LIMIT,
    encoder::small_pattern,
    eventually,
    faults::{
        Fault, Rule, Seed, Setup, Victim,
        playlist::{Witness, check},
    },
};
use spillway_protocol::api::StreamStatus;

/// How many are killed, unless `FAULT_KILLS` says otherwise.
const KILLS: u32 = 8;

/// One in 20 writes to R2 fails, in each of the ways that they do.
fn failing_puts() -> Vec<Rule> {
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
        Fault::Reset,
        Fault::LoseAnswer,
        Fault::CutBody,
        Fault::Delay(Duration::from_secs(2)),
    ];
    // Each rule draws for itself.
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let share = 0.05 / faults.len() as f64;
    faults.into_iter().map(|fault| Rule::all(fault).method("PUT").share(share)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_what_is_listed_is_there_once_and_plays() {
    let seed = Seed::of_this_run();
    let kills = env::var("FAULT_KILLS").ok().map_or(KILLS, |text| text.parse().expect("FAULT_KILLS is a number"));
    let mut setup = Setup::start("kills", seed).await;
    setup.r2.set(failing_puts());
    let stream = Broadcast::create(&setup.system.api()).await;
    let encoder = setup.encoder(&stream, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let base = stream.playback_url().await.replace("index.m3u8", "");
    let witness = Witness::of(base.clone());

    let mut chance = seed.chance("kills");
    // Each victim in turn, in an order left to chance: a short run kills all of them too.
    let mut order: Vec<Victim> = Vec::new();
    for n in 0..kills {
        if order.is_empty() {
            order.extend(Victim::ALL);
            chance.shuffle(&mut order);
        }
        // Mostly it is killed while it works, at times while it is still coming back.
        if chance.f64() < 0.7 {
            let before = witness.segments();
            eventually("more is listed", LIMIT * 4, async || (witness.segments() > before + 2).then_some(())).await;
        }
        tokio::time::sleep(Duration::from_millis(chance.u64(..2_000))).await;
        let victim = order.pop().expect("there is a next one");
        let there = setup.crash(victim);
        println!("kill {}: {victim:?}{}", n + 1, if there { "" } else { " (was not there)" });
    }

    println!("{} writes failed, {} runs of the encoder", setup.r2.met(), encoder.starts());
    assert!(setup.r2.met() > 0, "no write failed");
    setup.r2.heal();
    let before = witness.segments();
    eventually("the stream goes on", LIMIT * 4, async || (witness.segments() > before + 4).then_some(())).await;
    stream.creator.stream_call(stream.id, "end").send().await.value(200);
    eventually("the end is listed", LIMIT, async || witness.saw_the_end().then_some(())).await;
    drop(encoder);

    println!("(playlists read, failed): {:?}", witness.reads());
    for (rendition, history) in witness.histories() {
        let checked = check(stream.api(), &base, &history, setup.system.scratch.path()).await;
        println!("{rendition}: {checked:?}");
        assert!(checked.segments > 4, "{checked:?}");
    }
}
