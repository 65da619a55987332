//! Whence a call comes, as far as it is counted.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// A caller's address; of IPv6 the network alone, since whoever has one has all of its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(Option<IpAddr>);

impl Address {
    /// Reads `cf-connecting-ip`. Without one that can be read, callers are told apart no further.
    pub fn read(header: Option<&str>) -> Self {
        Self(header.and_then(|text| text.parse().ok()).map(|address: IpAddr| network(address.to_canonical())))
    }

    /// The caller is on the machine that the Worker runs on.
    pub fn is_local(&self) -> bool {
        self.0.is_some_and(|address| address.is_loopback())
    }
}

/// An IPv6 address's /64; `::1` and all of IPv4 as they are.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if !v6.is_loopback() => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        Address::read(Some(text)).to_string()
    }

    #[test]
    fn an_ipv6_address_is_its_network() {
        assert_eq!(read("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(read("2001:db8:1:2:ffff::"), read("2001:db8:1:2::1"));
        assert_ne!(read("2001:db8:1:2::1"), read("2001:db8:1:3::1"));
        assert_eq!(read("192.0.2.1"), "192.0.2.1");
        assert_eq!(read("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn what_cannot_be_read_is_one_address() {
        for text in ["", "x", "192.0.2.1, 127.0.0.1", "192.0.2.256"] {
            assert_eq!(read(text), "unknown");
            assert!(!Address::read(Some(text)).is_local());
        }
        assert_eq!(Address::read(None).to_string(), "unknown");
    }
}
