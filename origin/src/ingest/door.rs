//! Who may come in: seats in all and by address, with and without a good key, and how often an address may be wrong about one.
//!
//! Pure: it is told of every arrival, answer and departure, and when they were. Whoever has no key yet can be made to yield a seat,
//! so that connections which only sit there keep nobody out.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    time::Instant,
};

use super::{bucket::Bucket, limit::Limit};
use crate::config::IngestLimits;

/// Beside the addresses that are here, so many are remembered before those with nothing to remember are looked for.
const REMEMBERED: usize = 256;
/// An address's refused keys: one is forgiven every second.
const FORGIVEN_PER_SECOND: u64 = 1;

/// A guest's number; later ones are higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Guest(u64);

/// How the question about a key ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The key is good.
    Accepted,
    /// It is not, or not now.
    Refused,
    /// Nobody could tell: not the encoder's fault.
    Unavailable,
}

/// Someone was let in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Admitted<E> {
    /// Who.
    pub(crate) guest: Guest,
    /// The exit of whoever must go for it.
    pub(crate) yields: Option<E>,
}

/// What counts as one address: an IPv6 network of 64 bits is one household's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Address(IpAddr);

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

#[derive(Debug)]
enum Standing<E> {
    /// Has shown no key; may be shown out.
    Stranger(E),
    /// Its key is being checked.
    Asking,
    /// Its key is good.
    Known,
}

#[derive(Debug)]
struct Presence<E> {
    address: Address,
    standing: Standing<E>,
}

/// What is known of an address.
#[derive(Debug)]
struct Record {
    guests: u16,
    unauthenticated: u16,
    /// Keys it may still be wrong about.
    trust: Bucket,
}

/// The door. `E` is what shows a guest out.
#[derive(Debug)]
pub(crate) struct Door<E> {
    limits: IngestLimits,
    next: u64,
    guests: BTreeMap<Guest, Presence<E>>,
    unauthenticated: u16,
    addresses: HashMap<Address, Record>,
}

impl<E> Door<E> {
    /// Nobody is here.
    pub(crate) fn new(limits: IngestLimits) -> Self {
        Self { limits, next: 0, guests: BTreeMap::new(), unauthenticated: 0, addresses: HashMap::new() }
    }

    /// Someone comes.
    pub(crate) fn enter(&mut self, ip: IpAddr, exit: E, now: Instant) -> Result<Admitted<E>, Limit> {
        let address = Address::from(ip);
        if let Some(record) = self.addresses.get(&address) {
            if record.guests >= self.limits.max_connections_per_address {
                return Err(Limit::ConnectionsPerAddress);
            }
            if record.unauthenticated >= self.limits.max_unauthenticated_per_address {
                return Err(Limit::UnauthenticatedPerAddress);
            }
        }
        let crowded = self.unauthenticated >= self.limits.max_unauthenticated;
        let yields = if crowded || self.guests.len() >= usize::from(self.limits.max_connections) {
            let limit = if crowded { Limit::Unauthenticated } else { Limit::Connections };
            Some(self.show_out(now).ok_or(limit)?)
        } else {
            None
        };
        let guest = Guest(self.next);
        self.next += 1;
        self.guests.insert(guest, Presence { address, standing: Standing::Stranger(exit) });
        self.unauthenticated += 1;
        let burst = u64::from(self.limits.max_refused_keys);
        let fresh = || Record { guests: 0, unauthenticated: 0, trust: Bucket::full(FORGIVEN_PER_SECOND, burst, now) };
        let record = self.addresses.entry(address).or_insert_with(fresh);
        record.guests += 1;
        record.unauthenticated += 1;
        Ok(Admitted { guest, yields })
    }

    /// A guest shows a key. Unless it is refused here, its [`Answer`] must follow.
    pub(crate) fn ask(&mut self, guest: Guest, now: Instant) -> Result<(), Limit> {
        // Whoever was shown out may not have noticed yet.
        let presence = self.guests.get_mut(&guest).ok_or(Limit::Unauthenticated)?;
        let record = self.addresses.get_mut(&presence.address).ok_or(Limit::Unauthenticated)?;
        if !record.trust.take(1, now) {
            return Err(Limit::RefusedKeys);
        }
        presence.standing = Standing::Asking;
        Ok(())
    }

    /// What became of the key.
    pub(crate) fn answered(&mut self, guest: Guest, answer: Answer) {
        let Some(presence) = self.guests.get_mut(&guest) else { return };
        let Some(record) = self.addresses.get_mut(&presence.address) else { return };
        if answer != Answer::Refused {
            record.trust.give_back(1);
        }
        if answer == Answer::Accepted {
            presence.standing = Standing::Known;
            record.unauthenticated = record.unauthenticated.saturating_sub(1);
            self.unauthenticated = self.unauthenticated.saturating_sub(1);
        }
    }

    /// A guest goes.
    pub(crate) fn leave(&mut self, guest: Guest, now: Instant) {
        self.remove(guest);
        if self.addresses.len() > self.guests.len() + REMEMBERED {
            self.addresses.retain(|_, record| record.guests > 0 || !record.trust.is_full(now));
        }
    }

    /// Frees the seat of the longest-sitting stranger of the address that has most of them. That is never a lone encoder's,
    /// unless each of them is alone.
    fn show_out(&mut self, now: Instant) -> Option<E> {
        let strangers = self.guests.iter().filter(|(_, presence)| matches!(presence.standing, Standing::Stranger(_)));
        let crowd =
            |presence: &Presence<E>| self.addresses.get(&presence.address).map_or(0, |record| record.unauthenticated);
        let (&guest, _) = strangers.rev().max_by_key(|(_, presence)| crowd(presence))?;
        let standing = self.remove(guest)?;
        self.leave(guest, now);
        if let Standing::Stranger(exit) = standing { Some(exit) } else { None }
    }

    fn remove(&mut self, guest: Guest) -> Option<Standing<E>> {
        let presence = self.guests.remove(&guest)?;
        let record = self.addresses.get_mut(&presence.address)?;
        record.guests = record.guests.saturating_sub(1);
        if !matches!(presence.standing, Standing::Known) {
            record.unauthenticated = record.unauthenticated.saturating_sub(1);
            self.unauthenticated = self.unauthenticated.saturating_sub(1);
        }
        Some(presence.standing)
    }
}

#[cfg(test)]
mod tests;
