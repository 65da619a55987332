use std::collections::BTreeSet;

use super::*;
use crate::route::TABLE;

fn document() -> serde_json::Value {
    serde_json::to_value(Document::openapi()).unwrap()
}

/// Method and path of every call in the document.
fn documented() -> BTreeSet<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| (method.to_ascii_uppercase(), path.clone()))
    });
    calls.collect()
}

#[test]
fn every_route_is_documented_and_every_documented_call_is_routed() {
    // What origins ask is between our own programs.
    let routed = TABLE.iter().filter(|e| !e.pattern.starts_with("/origin/"));
    let routed: BTreeSet<_> = routed.map(|e| (e.method.to_owned(), e.pattern.to_owned())).collect();
    assert_eq!(documented(), routed);
}

#[test]
fn the_served_document_is_the_code_s() {
    let served = include_str!("../../openapi.json");
    assert!(served == text().unwrap(), "openapi.json is old: its first lines say how to write it anew");
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &serde_json::Value, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => {
                found.extend(map.get("$ref").and_then(|r| r.as_str()).map(str::to_owned));
                map.values().for_each(|v| references(v, found));
            }
            serde_json::Value::Array(list) => list.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn frames_are_spelled_as_they_are_sent() {
    let document = document();
    let text = document["components"]["schemas"].to_string();
    assert!(text.contains("\"SEND_MESSAGE\"") && text.contains("\"NEW_MESSAGE\"") && text.contains("\"streamId\""));
    assert!(!text.contains("stream_id"));
}
