//! What streams that are passed on as they are take of the machine, beside nginx with its RTMP module: the same pushers feed both at the
//! same time.

mod pushers;

use std::{
    fs,
    time::{Duration, Instant},
};

use harness::{
    Broadcast, System,
    peers::{Machine, Nginx, Production, Store, Usage, nginx},
};
use serde_json::json;

const STREAMS: [usize; 4] = [1, 10, 50, 100];
/// How many streams one pusher feeds at most. It opens one after the other, and the first may not be silent for long meanwhile.
const BATCH: usize = 5;
/// Everything has begun by then: pipelines, first segments, caches.
const SETTLING: Duration = Duration::from_secs(15);

/// How long a further batch has to begin.
const PATIENCE: Duration = Duration::from_mins(1);

/// Few streams are looked at for longer: the kernel tells times in hundredths of a second.
fn window(streams: usize) -> Duration {
    if streams == 1 { Duration::from_mins(1) } else { Duration::from_secs(30) }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measured, not tested: cargo xtask bench live"]
async fn passthrough_streams_beside_nginx() {
    let system = System::own("origin");
    let store = Store::nowhere().await;
    let origin = Production::start(&system, system.scratch.path(), &store);
    let folder = system.scratch.path().join("nginx");
    fs::create_dir_all(&folder).unwrap();
    let nginx = Nginx::start(&folder);
    // While the machine has nothing else to do.
    let mut urls = Vec::new();
    for n in 0..STREAMS[STREAMS.len() - 1] {
        let stream = Broadcast::create(&system.api()).await;
        urls.push([origin.url(&stream.key), nginx.url(&format!("s{n}"))]);
    }
    let (mut running, mut pushers) = (0, Vec::new());
    let idle = (Usage::of(origin.id()), Usage::of(nginx.id()));
    for streams in STREAMS {
        while running < streams {
            let batch = BATCH.min(streams - running);
            pushers.push(pushers::push(&system.scratch, &urls[running..running + batch].concat()));
            running += batch;
            if !run(running, &origin, &nginx).await {
                println!("{running} streams are more than this machine carries");
                return;
            }
        }
        tokio::time::sleep(SETTLING).await;
        measure(streams, &origin, &nginx, idle).await;
    }
}

/// Waits until so many streams run on both; whether they do.
async fn run(streams: usize, origin: &Production, nginx: &Nginx) -> bool {
    let (all, began) = (u32::try_from(streams).map(f64::from).unwrap(), Instant::now());
    while origin.counts("streams").await < all || nginx.streams() < streams {
        if began.elapsed() > PATIENCE {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    true
}

async fn measure(streams: usize, origin: &Production, nginx: &Nginx, idle: (Usage, Usage)) {
    let (received, failures) =
        (origin.counts("received_bytes_total").await, origin.counts("pipeline_failures_total").await);
    let (put, reports) = (origin.counts("put_seconds_count").await, origin.counts("reports_total").await);
    let machine = Machine::now();
    let before = (Usage::of(origin.id()), Usage::of(nginx.id()));
    tokio::time::sleep(window(streams)).await;
    let after = (Usage::of(origin.id()), Usage::of(nginx.id()));
    let seconds = machine.elapsed().as_secs_f64();
    let count = u32::try_from(streams).map(f64::from).unwrap();
    let each = |total: f64| total / seconds / count;
    let share = |before: Usage, after: Usage| each(100.0 * after.cpu.saturating_sub(before.cpu).as_secs_f64());
    let megabytes = |bytes: u64| f64::from(u32::try_from(bytes / 1_024).unwrap()) / 1_024.0;
    let ours = share(before.0, after.0);
    let theirs = share(before.1, after.1);
    crate::write_down(&json!({
        "name": "passthrough",
        "streams": streams,
        "seconds": seconds.round(),
        "cpuPercentAStream": ours,
        "nginxCpuPercentAStream": theirs,
        "timesNginx": ours / theirs,
        "proportionalMegabytesAStream": megabytes(after.0.proportional.saturating_sub(idle.0.proportional)) / count,
        "residentMegabytesAStream": megabytes(after.0.resident.saturating_sub(idle.0.resident)) / count,
        "nginxMegabytesAStream": megabytes(after.1.proportional.saturating_sub(idle.1.proportional)) / count,
        "megabitsAStream": each((origin.counts("received_bytes_total").await - received) * 8.0 / 1e6),
        "putsASecondAStream": each(origin.counts("put_seconds_count").await - put),
        "reportsASecondAStream": each(origin.counts("reports_total").await - reports),
        "pipelineFailures": origin.counts("pipeline_failures_total").await - failures,
        "busyCores": machine.busy_cores(),
        "nginx": nginx::versions(),
    }));
}
