//! Packets that the Linux firewall logs (`-j LOG` of iptables, `log` of nftables, ufw).
//!
//! `[UFW BLOCK] IN=eth0 OUT= MAC=... SRC=203.0.113.9 DST=192.0.2.10 LEN=40 TTL=244 PROTO=TCP SPT=51 DPT=23 SYN`
//!
//! The layout is that of the kernel's `nf_log_ipv4` and `nf_log_ipv6`. Quirks: what was done with the packet
//! stands only in the prefix, which the rule's author chose; `LEN` comes twice for UDP, the first is the
//! packet's; an ICMP error carries the packet it is about in brackets.

use super::{Format, ParseError};
use crate::record::{ErrorClass, Record, parse_ip};

/// Netfilter's packet log.
pub(super) struct Netfilter;

impl Format for Netfilter {
    fn name(&self) -> &'static str {
        "netfilter"
    }

    fn about(&self) -> &'static str {
        "Linux firewall: iptables and nftables LOG, ufw"
    }

    fn parse<'a>(&self, line: &'a str, record: &mut Record<'a>) -> Result<(), ParseError> {
        let fail = |at, expected| ParseError {
            format: self.name(),
            at,
            expected,
        };
        let (prefix, packet) = split(line).ok_or_else(|| fail(0, "IN= and OUT="))?;
        let (packet, about) = match packet.split_once(" [SRC=") {
            Some((packet, about)) => (packet, Some(about)),
            None => (packet, None),
        };
        let mut tcp_flags = String::new();
        for word in packet.split_ascii_whitespace() {
            match word.split_once('=') {
                Some((key, value)) => set(record, key, value),
                None => {
                    let gap = if tcp_flags.is_empty() { "" } else { " " };
                    tcp_flags.push_str(gap);
                    tcp_flags.push_str(word);
                }
            }
        }
        if record.client_ip.is_none() || record.server_ip.is_none() {
            return Err(fail(prefix.len(), "addresses in SRC= and DST="));
        }
        if !tcp_flags.is_empty() {
            record.attr("packet_flags", tcp_flags);
        }
        if let Some(about) = about {
            record.attr("icmp_about", format!("SRC={}", about.trim_end_matches(']')));
        }
        set_prefix(record, prefix);
        record.format = self.name();
        Ok(())
    }
}

/// The text in front of `IN=` and the packet.
fn split(line: &str) -> Option<(&str, &str)> {
    let at = match line.strip_prefix("IN=") {
        Some(_) => 0,
        None => line.find(" IN=")? + 1,
    };
    let (prefix, packet) = line.split_at(at);
    let has_out = packet.contains(" OUT=");
    has_out.then_some((prefix, packet))
}

fn set<'a>(record: &mut Record<'a>, key: &'a str, value: &'a str) {
    let text = (!value.is_empty()).then(|| value.into());
    match key {
        "IN" => record.interface_in = text,
        "OUT" => record.interface_out = text,
        "SRC" => record.client_ip = parse_ip(value),
        "DST" => record.server_ip = parse_ip(value),
        "SPT" => record.client_port = value.parse().ok(),
        "DPT" => record.server_port = value.parse().ok(),
        "LEN" if record.bytes.is_none() => record.bytes = value.parse().ok(),
        "PROTO" => {
            record.transport = (!value.is_empty()).then(|| value.to_ascii_lowercase().into())
        }
        _ if value.is_empty() => {}
        _ => record.attr(key.to_ascii_lowercase(), value),
    }
}

/// `[50028442.088484] [UFW BLOCK] `: the rule's name, and what it says was done.
fn set_prefix<'a>(record: &mut Record<'a>, prefix: &'a str) {
    let mut name = prefix.trim();
    if let Some((uptime, rest)) = name.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && uptime.trim().parse::<f64>().is_ok()
    {
        name = rest.trim();
    }
    let name = name.trim_matches(['[', ']', ':', ' ']);
    if name.is_empty() {
        return;
    }
    record.rule_name = Some(name.into());
    let upper = name.to_ascii_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    let action = if says(&["DROP"]) {
        "drop"
    } else if says(&["REJECT"]) {
        "reject"
    } else if says(&["BLOCK", "DENY", "DENIED"]) {
        "deny"
    } else if says(&["ALLOW", "ACCEPT", "PASS"]) {
        "allow"
    } else {
        return;
    };
    record.action = Some(action.into());
    if action != "allow" {
        record.error_class = Some(ErrorClass::Deny);
    }
}
