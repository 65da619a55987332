//! The figures as tables for `bench/README.md`, between two markers; the prose around them is written by hand.

use std::fmt::Write as _;

use serde_json::Value;

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench live` -->\n";
const END: &str = "<!-- end of figures -->";

/// The text with these tables in the place of those that it has; `None` when it has no place for them.
pub(super) fn put(text: &str, tables: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{tables}{END}{after}"))
}

/// All tables.
pub(super) fn of(figures: &[Value]) -> String {
    let named = |name: &str| figures.iter().filter(|figure| figure["name"] == name).collect::<Vec<_>>();
    let mut out = String::new();
    latency(&mut out, &[named("glass-to-glass"), named("glass-to-glass-slow-r2")].concat());
    delivery(&mut out, &named("part-to-player"));
    cost(&mut out, &named("cost"));
    passthrough(&mut out, &named("passthrough"));
    out
}

/// A heading, and a table's first two lines: the first column says what, all others are figures.
fn begin(out: &mut String, title: &str, columns: &[&str]) {
    let rules = ["---:"].repeat(columns.len().saturating_sub(1)).join(" | ");
    line(out, &format!("\n### {title}\n\n| {} |\n| --- | {rules} |", columns.join(" | ")));
}

fn row(out: &mut String, cells: &[String]) {
    line(out, &format!("| {} |", cells.join(" | ")));
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

/// A number with so many decimals; a dash where there is none.
fn number(value: &Value, decimals: usize) -> String {
    value.as_f64().map_or_else(|| "–".to_owned(), |value| format!("{value:.decimals$}"))
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn latency(out: &mut String, figures: &[&Value]) {
    let columns = ["", "p50 ms", "p90 ms", "p99 ms", "stalls", "longest time between frames, ms", "frames"];
    begin(out, "Glass to glass", &columns);
    for figure in figures {
        let slow = figure["name"].as_str().is_some_and(|name| name.ends_with("slow-r2"));
        let name = if slow { "R2 far away: PUTs of 120 ms, p99 400 ms" } else { "R2 on the same machine" };
        let of = |key: &str| number(&figure[key], 0);
        row(
            out,
            &[name.to_owned(), of("p50Ms"), of("p90Ms"), of("p99Ms"), of("stalls"), of("longestGapMs"), of("frames")],
        );
    }
}

fn delivery(out: &mut String, figures: &[&Value]) {
    begin(out, "Part published → known to a player", &["playlist", "p50 ms", "p90 ms", "p99 ms", "parts"]);
    for figure in figures {
        for (name, player) in figure["players"].as_object().into_iter().flatten() {
            let of = |key: &str| number(&player[key], 0);
            row(out, &[name.clone(), of("p50Ms"), of("p90Ms"), of("p99Ms"), number(&figure["parts"], 0)]);
        }
    }
}

fn cost(out: &mut String, figures: &[&Value]) {
    let find = |name: &str| figures.iter().find(|figure| figure["playlists"] == name).map(|figure| &figure["bill"]);
    let (Some(pushed), Some(blocking)) = (find("pushed"), find("blocking")) else { return };
    let dollars = |value: &Value| number(value, 3);
    let columns = ["", "pushed: operations", "pushed: $", "blocking: operations", "blocking: $"];
    begin(out, "1,000 viewers in one place for an hour, LL-HLS", &columns);
    let lines = |bill: &'_ Value| bill["lines"].as_array().cloned().unwrap_or_default();
    for (ours, theirs) in lines(pushed).iter().zip(&lines(blocking)) {
        let cells = [number(&ours["count"], 0), dollars(&ours["dollars"])];
        let more = [number(&theirs["count"], 0), dollars(&theirs["dollars"])];
        row(out, &[&[words(&ours["what"])], cells.as_slice(), &more].concat());
    }
    let sum = |name: &str, key: &str| {
        let bold = |bill: &Value| format!("**{}**", number(&bill[key], 2));
        [name.to_owned(), String::new(), bold(pushed), String::new(), bold(blocking)]
    };
    row(out, &sum("sum", "dollars"));
    row(out, &sum("sum, were the Worker to run for each request", "dollarsWhenTheWorkerRunsEachTime"));
    begin(out, "What would bring the sum down, pushed playlists", &["", "$ a 1,000 viewer-hours"]);
    pairs(out, &pushed["levers"]);
    begin(out, "1,000 viewer-hours elsewhere, by the price list", &["", "$"]);
    if let Some(figure) = figures.first() {
        pairs(out, &figure["elsewhereDollars"]);
    }
}

fn pairs(out: &mut String, all: &Value) {
    for (what, dollars) in all.as_object().into_iter().flatten() {
        row(out, &[what.clone(), number(dollars, 2)]);
    }
}

fn passthrough(out: &mut String, figures: &[&Value]) {
    let columns = [
        "streams",
        "% of a core a stream",
        "nginx-rtmp",
        "times nginx",
        "MB a stream (PSS)",
        "nginx-rtmp",
        "PUTs/s a stream",
        "Mbit/s a stream",
        "busy cores in all",
    ];
    begin(out, "Streams that are passed on as they are", &columns);
    for figure in figures {
        let of = |key: &str, decimals| number(&figure[key], decimals);
        let cells =
            [of("streams", 0), of("cpuPercentAStream", 2), of("nginxCpuPercentAStream", 2), of("timesNginx", 1)];
        let memory = [of("proportionalMegabytesAStream", 1), of("nginxMegabytesAStream", 1)];
        let rest = [of("putsASecondAStream", 1), of("megabitsAStream", 2), of("busyCores", 1)];
        row(out, &[cells.as_slice(), &memory, &rest].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_take_the_place_of_tables() {
        let text = format!("prose\n{BEGIN}old\n{END}\nmore prose\n");
        assert_eq!(put(&text, "new\n").unwrap(), format!("prose\n{BEGIN}new\n{END}\nmore prose\n"));
        assert_eq!(put("prose", "new\n"), None);
    }

    #[test]
    fn figures_are_rows_and_what_is_missing_is_a_dash() {
        let tables = of(&[json!({ "name": "passthrough", "streams": 10, "cpuPercentAStream": 1.234 })]);
        assert!(tables.contains("| 10 | 1.23 | – | – |"), "{tables}");
    }
}
