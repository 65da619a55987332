//! Headless Chromium, driven over `WebDriver`.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use xtask::process::Process;

use crate::{System, eventually, system::free_port};

/// How long the pages have for what they do.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A browser window of its own, with no memory of others.
pub struct Browser {
    client: Client,
    base: String,
    pictures: PathBuf,
    driver: String,
}

/// What makes Chromium run without a display, and stay off the network.
const ARGUMENTS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
    "--autoplay-policy=no-user-gesture-required",
    "--force-color-profile=srgb",
];

impl Browser {
    /// Opens a window of this many pixels on a system's pages.
    pub async fn open(system: &'static System, width: u32, height: u32) -> Self {
        let driver = tokio::task::spawn_blocking(|| driver(system)).await.unwrap();
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
        arguments.push(format!("--window-size={width},{height}"));
        let mut capabilities = Capabilities::new();
        capabilities
            .insert("goog:chromeOptions".to_owned(), json!({ "binary": "/usr/bin/chromium", "args": arguments }));
        capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&driver).await.expect("Chromium starts");
        let pictures = system.scratch.path().join("pictures");
        fs::create_dir_all(&pictures).unwrap();
        let browser = Self { client, base: system.edge.url(), pictures, driver };
        browser.size_page(width, height).await;
        browser
    }

    /// Makes the page, not the window around it, this large.
    async fn size_page(&self, width: u32, height: u32) {
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", params).await;
    }

    /// Asks for the dark or the light dress of the pages.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Goes to a path.
    pub async fn go(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.unwrap();
    }

    /// Goes to a page that is not ours.
    pub async fn go_elsewhere(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The path where it is now.
    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// Waits for the element of a test id.
    pub async fn find(&self, id: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(&selector(id))).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {id} on {}: {error}; console: {:#?}", self.path().await, self.console().await),
        }
    }

    /// Whether there is an element of a test id now.
    pub async fn has(&self, id: &str) -> bool {
        !self.client.find_all(Locator::Css(&selector(id))).await.unwrap().is_empty()
    }

    /// Clicks on the element of a test id.
    pub async fn click(&self, id: &str) {
        self.find(id).await.click().await.unwrap();
    }

    /// Types into the field of a test id.
    pub async fn fill(&self, id: &str, text: &str) {
        let field = self.find(id).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// The text of the element of a test id, whether it is shown or not.
    pub async fn hidden_text(&self, id: &str) -> String {
        self.find(id).await.prop("textContent").await.unwrap().unwrap_or_default()
    }

    /// Waits until the text of an element is so.
    pub async fn until_text(&self, id: &str, is: impl Fn(&str) -> bool) -> String {
        eventually(&format!("{id} says what is waited for"), PATIENCE, async || {
            // The element may be replaced while it is read.
            let text = self.find(id).await.text().await.ok()?;
            is(&text).then_some(text)
        })
        .await
    }

    /// The texts of all elements of a test id.
    pub async fn texts(&self, id: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)";
        serde_json::from_value(self.run(script, vec![json!(selector(id))]).await).unwrap()
    }

    /// Waits until the texts of all elements of a test id are so.
    pub async fn until_texts(&self, id: &str, are: impl Fn(&[String]) -> bool) {
        eventually(&format!("{id} says what is waited for"), PATIENCE, async || {
            are(&self.texts(id).await).then_some(())
        })
        .await;
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }

    /// Runs a script in the page that calls back with its result.
    pub async fn run_async(&self, script: &str) -> Value {
        self.client.execute_async(script, vec![]).await.unwrap()
    }

    /// Waits until a script's result is true.
    pub async fn until(&self, what: &str, script: &str) {
        let begun = Instant::now();
        while self.run(script, vec![]).await != json!(true) {
            if begun.elapsed() > PATIENCE {
                self.picture("failed").await;
                let (player, console) = (self.player().await, self.console().await);
                panic!("within {PATIENCE:?} it did not happen that {what}; player: {player}; console: {console:#?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How the player does.
    async fn player(&self) -> Value {
        let script = r"
            const video = document.querySelector('video');
            if (!video) return null;
            const { currentTime, paused, muted, readyState, networkState, error, buffered } = video;
            const ranges = [...Array(buffered.length).keys()].map((n) => [buffered.start(n), buffered.end(n)]);
            return { currentTime, paused, muted, readyState, networkState, error: error?.message ?? null, ranges };";
        self.run(script, vec![]).await
    }

    /// Takes a picture of the page, into the scratch folder.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let path = self.pictures.join(format!("{name}.png"));
        fs::write(&path, self.client.screenshot().await.unwrap()).unwrap();
        path
    }

    /// What the page's console was told since the last time: warnings and errors.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", json!({ "type": "browser" })).await;
        let bad = |entry: &&Value| matches!(entry["level"].as_str(), Some("WARNING" | "SEVERE"));
        let text = |entry: &Value| format!("{} {}", entry["level"], entry["message"]);
        entries.as_array().unwrap().iter().filter(bad).map(text).collect()
    }

    /// Closes the window.
    pub async fn close(self) {
        self.client.close().await.ok();
    }

    /// Lets at most so many thousand bits a second through to the page; `None` for all that come.
    pub async fn line(&self, kilobits: Option<u32>) {
        let bytes = kilobits.map_or(-1.0, |kilobits| f64::from(kilobits) * 1_000.0 / 8.0);
        let conditions = json!({ "offline": false, "latency": 0, "downloadThroughput": bytes, "uploadThroughput": -1 });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    async fn devtools(&self, command: &str, params: Value) -> Value {
        self.post("goog/cdp/execute", json!({ "cmd": command, "params": params })).await
    }

    /// A command of chromedriver's own.
    async fn post(&self, command: &str, body: Value) -> Value {
        let session = self.client.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/{command}", self.driver);
        let response = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        response.json::<Value>().await.unwrap()["value"].take()
    }
}

fn selector(id: &str) -> String {
    format!("[data-testid='{id}']")
}

/// chromedriver's address; it is started once and ends, with every window, when the test binary does.
fn driver(system: &System) -> String {
    static DRIVER: OnceLock<(Process, String)> = OnceLock::new();
    let (_, url) = DRIVER.get_or_init(|| {
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}"));
        let log = system.scratch.path().join("log/chromedriver.log");
        let mut process = Process::start("chromedriver", command, &log).unwrap();
        let ready = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        process.until(Duration::from_secs(20), ready).unwrap();
        (process, format!("http://127.0.0.1:{port}"))
    });
    url.clone()
}
