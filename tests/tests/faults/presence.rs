//! Viewers that are gone without a word.

use std::time::{Duration, Instant};

use harness::{Broadcast, System, eventually, faults::ViewerProcess};
use spillway_protocol::room::ServerEvent;

/// No FIN comes, and its kernel goes on acknowledging what is sent.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_stands_still_is_out_of_the_count_within_15_seconds() {
    let system = System::own("presence");
    let stream = Broadcast::create(&system.api()).await;
    let viewer = ViewerProcess::join(&system, &stream).await;
    let (mut other, _) = stream.enter(None).await;
    other.until_viewers(2).await;

    let frozen = viewer.freeze();
    let begun = Instant::now();
    let alone = async {
        loop {
            other.send_text("ping").await;
            let event = other.next_within(Duration::from_secs(1)).await;
            if let Some(harness::Event::Frame(frame, _)) = event
                && matches!(frame.event, ServerEvent::ViewerCountUpdate { viewer_count: 1, .. })
            {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), alone).await.expect("the count falls");
    println!("out of the count after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());

    drop(frozen);
    eventually("it is told why", Duration::from_secs(15), async || viewer.was_closed_with(4408).then_some(())).await;
}
