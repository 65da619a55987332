//! The proxy does what it is told, to a client that is not ours.

use std::time::{Duration, Instant};

use harness::faults::{Fault, Proxy, Rule};
use reqwest::{Client, Response};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\nconnection: close\r\n\r\n";

/// A server that answers 10,000 bytes once a request of 100,000 is whole; how many it took is its count.
async fn server() -> (String, tokio::sync::watch::Receiver<u32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (count, taken) = tokio::sync::watch::channel(0);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (mut request, mut buffer) = (0, vec![0; 65_536]);
            while request < 100_000 {
                match socket.read(&mut buffer).await {
                    Ok(read @ 1..) => request += read,
                    _ => break,
                }
            }
            if request >= 100_000 {
                count.send_modify(|count| *count += 1);
                socket.write_all(ANSWER).await.ok();
                socket.write_all(&[7; 10_000]).await.ok();
            }
        }
    });
    (url, taken)
}

async fn put(url: &str) -> Result<Response, reqwest::Error> {
    Client::new().put(url).timeout(Duration::from_secs(2)).body(vec![1; 100_000]).send().await
}

#[tokio::test]
async fn each_fault_is_what_it_says() {
    let (url, taken) = server().await;
    let proxy = Proxy::before(&url, fastrand::Rng::with_seed(1)).await;
    let url = proxy.url(&url);
    let whole = async || put(&url).await.unwrap().bytes().await.unwrap().len();
    assert_eq!((whole().await, *taken.borrow()), (10_000, 1));

    proxy.set([Rule::all(Fault::Status(503)).method("PUT")]);
    assert_eq!(put(&url).await.unwrap().status(), 503);
    proxy.set([Rule::all(Fault::Reset)]);
    assert!(put(&url).await.is_err());
    proxy.set([Rule::all(Fault::CutBody)]);
    assert!(put(&url).await.is_err());
    proxy.set([Rule::all(Fault::Hang)]);
    assert!(put(&url).await.unwrap_err().is_timeout());
    assert_eq!(*taken.borrow(), 1, "none of these arrived");

    proxy.set([Rule::all(Fault::LoseAnswer)]);
    assert!(put(&url).await.is_err());
    assert_eq!(*taken.borrow(), 2, "it arrived, and its answer did not");

    let begun = Instant::now();
    proxy.set([Rule::all(Fault::Delay(Duration::from_millis(500)))]);
    assert_eq!(whole().await, 10_000);
    assert!(begun.elapsed() >= Duration::from_millis(500));

    assert_eq!(proxy.met(), 6);
    proxy.set([Rule::all(Fault::Status(500)).method("GET")]);
    assert_eq!(whole().await, 10_000);
    proxy.stall();
    assert!(put(&url).await.unwrap_err().is_timeout());
    proxy.heal();
    assert_eq!(whole().await, 10_000);
}

#[tokio::test]
async fn a_share_of_requests_follows_the_seed() {
    let (url, _) = server().await;
    let mut runs = Vec::new();
    for _ in 0..2 {
        let proxy = Proxy::before(&url, fastrand::Rng::with_seed(7)).await;
        proxy.set([Rule::all(Fault::Status(500)).share(0.3)]);
        let url = proxy.url(&url);
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(put(&url).await.unwrap().status().as_u16());
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    let failed = runs[0].iter().filter(|status| **status == 500).count();
    assert!((4..=20).contains(&failed), "{failed} of 40");
}
