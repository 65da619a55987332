//! R2, or the way to the Room, that is away for a while: gaps where nothing could be stored in time, no debt afterwards, and nothing
//! listed that is not there. `cargo xtask soak --outage 60` runs it.

use std::{
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use harness::{
    Broadcast, LIMIT,
    encoder::small_pattern,
    eventually,
    faults::{
        Fault, Rule, Seed, Setup,
        playlist::{Checked, History, Witness, check},
        resident_bytes,
    },
};
use spillway_protocol::api::StreamStatus;

/// The origin keeps what waits for R2 in files: its memory has no reason to grow by more, however long that takes.
const MEMORY: u64 = 48 * 1_024 * 1_024;
/// What is left in the origin's folder once nothing waits any more: its database, and what is under way.
const SETTLED: u64 = 8 * 1_024 * 1_024;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes: cargo xtask soak --outage 60"]
async fn an_outage_leaves_gaps_and_no_debt() {
    let seconds: u64 = env::var("OUTAGE_SECONDS").map_or(60, |text| text.parse().expect("OUTAGE_SECONDS is a number"));
    let length = Duration::from_secs(seconds);
    let setup = Setup::start("outage", Seed::of_this_run()).await;
    let stream = Broadcast::create(&setup.system.api()).await;
    let encoder = setup.encoder(&stream, small_pattern());
    stream.until_status(StreamStatus::Live).await;
    let base = stream.playback_url().await.replace("index.m3u8", "");
    let witness = Witness::of(base.clone());
    goes_on(&witness).await;

    let memory = || resident_bytes(setup.origin().process.id()).unwrap_or(u64::MAX);
    let folder = setup.system.scratch.path().join("origin");
    let before = memory();
    for fault in
        [Fault::Status(500), Fault::Status(429), Fault::Reset, Fault::Hang, Fault::Delay(Duration::from_secs(5))]
    {
        setup.r2.set([Rule::all(fault).method("PUT")]);
        let (most, disk) = watch(length, &memory, &folder).await;
        setup.r2.heal();
        let healed = Instant::now();
        goes_on(&witness).await;
        println!(
            "{fault:?}: memory {before} -> {most} bytes, {disk} bytes on disk, whole again after {:?}",
            healed.elapsed()
        );
        assert!(most < before + MEMORY, "{fault:?}: {before} -> {most} bytes");
        eventually("nothing waits any more", LIMIT * 4, async || (size(&folder) < SETTLED).then_some(())).await;
    }

    // The Room cannot be told: nothing is lost by that, and no gap comes of it.
    let gaps = |witness: &Witness| -> usize { witness.histories().values().map(History::gaps).sum() };
    let known = gaps(&witness);
    for _ in 0..5 {
        setup.link.reset_all();
        goes_on(&witness).await;
    }
    setup.link.stall();
    tokio::time::sleep(length.min(Duration::from_secs(20))).await;
    setup.link.heal();
    goes_on(&witness).await;
    assert_eq!(gaps(&witness), known, "what was stored was not told");

    stream.creator.stream_call(stream.id, "end").send().await.value(200);
    eventually("the end is listed", LIMIT, async || witness.saw_the_end().then_some(())).await;
    println!("{} writes failed, {} runs of the encoder", setup.r2.met(), encoder.starts());
    assert_eq!(encoder.starts(), 1, "the encoder was let go");
    drop(encoder);
    for (rendition, history) in witness.histories() {
        let checked = check(stream.api(), &base, &history, setup.system.scratch.path()).await;
        println!("{rendition}: {checked:?}");
        let Checked { segments, gaps, .. } = checked;
        assert!(segments > 20 && gaps > 0, "{checked:?}");
    }
}

/// Whole segments are listed, in both renditions.
async fn goes_on(witness: &Witness) {
    let whole = || witness.histories().values().map(|history| history.len() - history.gaps()).min().unwrap_or(0);
    let before = whole();
    eventually("whole segments are listed", LIMIT * 4, async || (whole() > before + 2).then_some(())).await;
}

/// The most memory and disk that are in use for so long.
async fn watch(length: Duration, memory: &impl Fn() -> u64, folder: &Path) -> (u64, u64) {
    let (begun, mut most, mut disk) = (Instant::now(), 0, 0);
    while begun.elapsed() < length {
        tokio::time::sleep(Duration::from_millis(500)).await;
        most = most.max(memory());
        disk = disk.max(size(folder));
    }
    (most, disk)
}

/// The bytes in a folder and all below it; files that go away meanwhile count for nothing.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => size(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}
