//! Groups of renditions, and the variants that name them, or say that there are none (sections 4.4.6.1.1 and 4.4.6.2).

use std::collections::{BTreeMap, BTreeSet};

use super::{MultivariantPlaylist, Rendition};
use crate::{rule::Rule, violation::Findings};

/// What the members of different groups need not have in common.
const MAY_DIFFER: [&str; 7] =
    ["GROUP-ID", "URI", "CHANNELS", "BIT-DEPTH", "STABLE-RENDITION-ID", "INSTREAM-ID", "SAMPLE-RATE"];

/// The members of each group, by type and id.
type Groups<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a Rendition>>;

pub(super) fn check(playlist: &MultivariantPlaylist, findings: &mut Findings) {
    let mut groups = Groups::new();
    for rendition in &playlist.renditions {
        groups.entry((&rendition.media_type, &rendition.group)).or_default().push(rendition);
    }
    for members in groups.values() {
        alone(members, findings);
    }
    beside(&groups, findings);
    captions(playlist, findings);
    for variant in playlist.variants.iter().chain(&playlist.i_frame_variants) {
        for (media_type, group) in &variant.groups {
            if !groups.contains_key(&(*media_type, group.as_str())) {
                findings.add(Rule::GroupUnknown, variant.at.0, format!("{media_type}=\"{group}\""));
            }
        }
    }
}

fn alone(members: &[&Rendition], findings: &mut Findings) {
    let mut names = BTreeSet::new();
    for member in members {
        if !names.insert(&member.name) {
            findings.add(Rule::GroupNameRepeated, member.at.0, &*member.name);
        }
    }
    if let Some(second) = members.iter().filter(|member| member.default).nth(1) {
        findings.add(Rule::GroupDefaults, second.at.0, &*second.name);
    }
}

/// Groups of one type against the first of that type.
fn beside(groups: &Groups<'_>, findings: &mut Findings) {
    let mut firsts: BTreeMap<&str, BTreeSet<Common<'_>>> = BTreeMap::new();
    for ((media_type, group), members) in groups {
        let common: BTreeSet<_> = members.iter().map(|member| common(member)).collect();
        if *firsts.entry(media_type).or_insert_with(|| common.clone()) != common {
            let line = members.first().map_or(0, |member| member.at.0);
            findings.add(Rule::GroupsDiffer, line, format!("{media_type} \"{group}\""));
        }
    }
}

type Common<'a> = BTreeMap<&'a str, &'a str>;

fn common(member: &Rendition) -> Common<'_> {
    let attributes = member.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    attributes.filter(|(name, _)| !MAY_DIFFER.contains(name)).collect()
}

/// CLOSED-CAPTIONS=NONE: having captions in one variant and not in another upsets players.
fn captions(playlist: &MultivariantPlaylist, findings: &mut Findings) {
    if !playlist.variants.iter().any(|variant| variant.no_captions) {
        return;
    }
    if let Some(variant) = playlist.variants.iter().find(|variant| !variant.no_captions) {
        findings.add(Rule::CaptionsDiffer, variant.at.0, "a variant without CLOSED-CAPTIONS=NONE");
    }
}
