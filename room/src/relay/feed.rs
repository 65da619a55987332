//! Playlists that are pushed: a viewer's socket is told what of them changes, as it changes, and none is asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use similar::{Algorithm, DiffOp, capture_diff_slices};
use spillway_protocol::{
    media::RenditionId,
    room::{PlaylistEdit, PlaylistNews, ServerEvent, ServerFrame},
    time::Timestamp,
};

use super::{Output, Relay, SocketId};
use crate::sql::{Sql, SqlError, to_json};

/// Playlists that one socket may watch: a picture, its sound, and what it changes to.
pub(super) const WATCHED: usize = 4;

/// What was pushed last of each rendition that somebody watches. Empty after a restore: then everyone is told all of it.
#[derive(Debug, Default)]
pub(super) struct Feed {
    texts: BTreeMap<RenditionId, Rc<str>>,
    /// When there is something to push without any news.
    next: Option<Timestamp>,
}

impl Feed {
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next
    }
}

impl<S: Sql> Relay<S> {
    /// A socket wants these playlists from now on, and no others.
    pub(super) fn watch(
        &mut self,
        id: SocketId,
        renditions: BTreeSet<RenditionId>,
        now: Timestamp,
    ) -> Result<(), SqlError> {
        // Everyone else is brought up to date first: what the new one is told is what they have.
        self.feed(now)?;
        let Some(socket) = self.sockets.get_mut(&id) else { return Ok(()) };
        let new: Vec<_> = renditions.difference(&socket.watching).cloned().collect();
        socket.watching = renditions;
        self.out.push(Output::Keep(socket.clone()));
        let delay_ms = self.delay_ms();
        let mut news = Vec::with_capacity(new.len());
        for rendition in new {
            let pushed = self.feed.texts.get(&rendition).cloned();
            let shown = || self.showing.shown(delay_ms, now)?.media(&rendition, false);
            if let Some(text) = pushed.or_else(shown) {
                self.feed.texts.insert(rendition.clone(), text.clone());
                news.push(PlaylistNews { rendition, text: Some(text.to_string()), edits: Vec::new() });
            }
        }
        self.feed.next = self.showing.changes_at(delay_ms, now);
        self.push(&[id].into(), news)
    }

    /// Tells those who watch what has changed.
    pub(super) fn feed(&mut self, now: Timestamp) -> Result<(), SqlError> {
        let mut groups: BTreeMap<&BTreeSet<RenditionId>, Vec<SocketId>> = BTreeMap::new();
        for socket in self.sockets.values().filter(|socket| socket.is_joined() && !socket.watching.is_empty()) {
            groups.entry(&socket.watching).or_default().push(socket.id);
        }
        let groups: Vec<(BTreeSet<RenditionId>, Rc<[SocketId]>)> =
            groups.into_iter().map(|(watched, ids)| (watched.clone(), ids.into())).collect();
        let watched: BTreeSet<_> = groups.iter().flat_map(|(watched, _)| watched).cloned().collect();
        self.feed.texts.retain(|rendition, _| watched.contains(rendition));
        let delay_ms = self.delay_ms();
        self.feed.next = if watched.is_empty() { None } else { self.showing.changes_at(delay_ms, now) };
        let mut changed = BTreeMap::new();
        for rendition in watched {
            let Some(shown) = self.showing.shown(delay_ms, now) else { return Ok(()) };
            let Some(text) = shown.media(&rendition, false) else { continue };
            let old = self.feed.texts.get(&rendition);
            if old.is_none_or(|old| own(old) != own(&text)) {
                changed.insert(rendition.clone(), news(rendition.clone(), old.map(Rc::as_ref), &text));
                self.feed.texts.insert(rendition, text);
            }
        }
        for (watched, ids) in groups {
            let news = watched.iter().filter_map(|rendition| changed.get(rendition)).cloned().collect();
            self.push(&ids, news)?;
        }
        Ok(())
    }

    fn push(&mut self, to: &Rc<[SocketId]>, playlists: Vec<PlaylistNews>) -> Result<(), SqlError> {
        if !playlists.is_empty() {
            let frame = ServerFrame { event: ServerEvent::PlaylistUpdate { playlists }, seq: None };
            self.out.push(Output::Send(to.clone(), to_json(&frame)?));
        }
        Ok(())
    }
}

/// A playlist without what it says of others: that alone is no news to a player, which would take it for a playlist that stands still.
fn own(text: &str) -> &str {
    text.split("#EXT-X-RENDITION-REPORT").next().unwrap_or_default()
}

/// What changes one text into another, line by line; all of it, where there is none to change.
fn news(rendition: RenditionId, old: Option<&str>, new: &str) -> PlaylistNews {
    let Some(old) = old else { return PlaylistNews { rendition, text: Some(new.to_owned()), edits: Vec::new() } };
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let edit = |op: DiffOp| {
        let (at, inserted) = (op.old_range(), op.new_range());
        let insert: Vec<_> = new.get(inserted)?.iter().map(|line| (*line).to_owned()).collect();
        let changes = !matches!(op, DiffOp::Equal { .. });
        changes.then_some(PlaylistEdit { at: at.start, remove: at.len(), insert })
    };
    let edits = capture_diff_slices(Algorithm::Myers, &old, &new).into_iter().filter_map(edit).collect();
    PlaylistNews { rendition, text: None, edits }
}
