//! Networks: what clients are counted by.

use std::net::{IpAddr, Ipv6Addr};

/// What a client cannot leave by choosing another address: its IPv4 address, or the /64 that its IPv6 address lies in, of which one host has
/// 2^64 addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(formatter),
            IpAddr::V6(address) => write!(formatter, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    #[case("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    #[case("192.0.2.1", "192.0.2.1", true)]
    #[case("192.0.2.1", "192.0.2.2", false)]
    #[case("::ffff:192.0.2.1", "192.0.2.1", true)]
    #[case("::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    fn a_network_is_an_ipv4_address_or_the_64_of_an_ipv6_one(#[case] one: &str, #[case] other: &str, #[case] alike: bool) {
        let network = |address: &str| Network::from(address.parse::<IpAddr>().unwrap());
        assert_eq!(network(one) == network(other), alike);
    }
}
