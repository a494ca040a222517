//! `Fn::Cidr`: consecutive blocks of an address range.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::cloudformation::template::check::CIDR;
use crate::cloudformation::template::error::TemplateError;
use crate::cloudformation::template::limits::CIDR_BLOCKS_MAX;

/// Subnet bits of a block, if they are not specified: 256 addresses of IPv4, and a subnet of IPv6.
const SUBNET_BITS_IPV4: u32 = 8;
const SUBNET_BITS_IPV6: u32 = 64;

/// Returns `count` blocks of `2^subnet_bits` addresses from the beginning of `block`.
pub fn cidr_blocks(
    block: &str,
    count: u64,
    subnet_bits: Option<u32>,
) -> Result<Vec<String>, TemplateError> {
    let (address, prefix) = parse_block(block).ok_or_else(|| {
        TemplateError::function(format!("Fn::Cidr ipBlock {block} is not a valid CIDR block"))
    })?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let default = if address.is_ipv4() { SUBNET_BITS_IPV4 } else { SUBNET_BITS_IPV6 };
    let subnet_bits = subnet_bits.unwrap_or(default);
    if !(1..=CIDR_BLOCKS_MAX).contains(&count) || subnet_bits == 0 || subnet_bits > width {
        return Err(TemplateError::function(CIDR));
    }
    // `2^available` blocks fit.
    let available = (width - prefix).checked_sub(subnet_bits);
    if available.is_none_or(|bits| bits < 64 && count > 1 << bits) {
        return Err(TemplateError::function(format!(
            "Fn::Cidr cannot fit {count} blocks of {subnet_bits} subnet bits in {block}"
        )));
    }
    let host_bits = width - prefix;
    let base = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    let base = if host_bits == 128 { 0 } else { base >> host_bits << host_bits };
    let blocks = (0..u128::from(count)).map(|index| {
        let bits = base + if subnet_bits == 128 { 0 } else { index << subnet_bits };
        let address = match address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(bits as u32)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(bits)),
        };
        format!("{address}/{}", width - subnet_bits)
    });
    Ok(blocks.collect())
}

fn parse_block(block: &str) -> Option<(IpAddr, u32)> {
    let (address, prefix) = block.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let prefix: u32 = prefix.parse().ok()?;
    (prefix <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(block: &str, count: u64, bits: impl Into<Option<u32>>, expected: &[&str]) {
        assert_eq!(cidr_blocks(block, count, bits.into()).unwrap(), expected);
    }

    #[test]
    fn blocks_follow_each_other() {
        check("192.168.0.0/24", 3, 5, &["192.168.0.0/27", "192.168.0.32/27", "192.168.0.64/27"]);
        check("10.0.7.9/16", 2, None, &["10.0.0.0/24", "10.0.1.0/24"]);
    }

    #[test]
    fn blocks_of_ipv6_are_subnets() {
        let expected = ["2600:1f18:abc:de00::/64", "2600:1f18:abc:de01::/64"];
        check("2600:1f18:abc:de00::/56", 2, None, &expected);
        check("::/0", 1, 128, &["::/0"]);
    }

    #[test]
    fn blocks_that_do_not_fit_are_rejected() {
        let error = |block, count, bits| cidr_blocks(block, count, Some(bits)).unwrap_err().0;
        assert_eq!(
            error("10.0.0.0/24", 9, 5),
            "Template error: Fn::Cidr cannot fit 9 blocks of 5 subnet bits in 10.0.0.0/24"
        );
        for block in ["", "10.0.0/16", "10.0.0.0", "10.0.0.0/33", "x/8"] {
            assert!(error(block, 1, 1).contains("is not a valid CIDR block"), "{block}");
        }
        assert!(error("10.0.0.0/8", 0, 1).contains("every Fn::Cidr object requires"));
        assert!(error("10.0.0.0/8", 257, 1).contains("every Fn::Cidr object requires"));
    }
}
