//! What the process may take of the machine, and that real streams fit.

use std::time::Duration;

use crate::harness::{CONFIG, Pipeline, tags};
use spillway_protocol::pipe::{FromPipeline, Tag, ToPipeline};

/// A line of `/proc/<pid>/limits`: the hard limit.
fn limit(pid: u32, name: &str) -> String {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

/// A line of `/proc/<pid>/status`, in MiB.
fn memory(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

/// An H.264 header, and pictures of 60 Mbit/s at 60 frames a second: a keyframe of 4 MiB every ten seconds, which is as dear as it gets.
fn dear(seconds: i64) -> impl Iterator<Item = ToPipeline<Vec<u8>>> {
    let dir = tempfile::tempdir().unwrap();
    let flv = dir.path().join("source.flv");
    crate::harness::ffmpeg("-f lavfi -i testsrc2=size=320x180:rate=30 -t 0.1 -c:v libx264 -pix_fmt yuv420p", &flv);
    let header = tags(&flv).swap_remove(0);
    let picture = |n: i64| {
        let keyframe = n % 600 == 0;
        let (head, nal, size) = if keyframe { (0x17, 0x65, 4_000_000_u32) } else { (0x27, 0x41, 125_000) };
        let mut body = [&[head, 1, 0, 0, 0], &size.to_be_bytes()[..], &[nal]].concat();
        body.resize(9 + size as usize, 0x55);
        ToPipeline::Video(Tag { dts_ms: n * 1_000 / 60 }, body)
    };
    std::iter::once(header).chain((0..seconds * 60).map(picture))
}

#[test]
fn the_process_is_limited_and_the_dearest_stream_fits() {
    let mut pipeline = Pipeline::start();
    pipeline.send(&ToPipeline::Config(CONFIG));
    for tag in dear(25) {
        pipeline.send(&tag);
    }
    // Media came out, so the limits have long been set.
    while !matches!(pipeline.frame(Duration::from_secs(10)).expect("nothing comes").decode(), FromPipeline::Part(..)) {}
    let pid = pipeline.pid();
    let mib = 1024 * 1024;
    assert_eq!(limit(pid, "Max data size"), (512 * mib).to_string());
    assert_eq!(limit(pid, "Max address space"), (4096_u64 * mib).to_string());
    assert_eq!((limit(pid, "Max open files"), limit(pid, "Max core file size")), ("128".to_owned(), "0".to_owned()));
    let (data, resident) = (memory(pid, "VmData:"), memory(pid, "VmHWM:"));
    let (_, code, log) = pipeline.close();
    assert_eq!((code, log.as_str()), (Some(0), ""));
    assert!(
        data < 256,
        "{data} MiB of memory, {resident} MiB of it used: half of the limit is left for what is stranger"
    );
}
