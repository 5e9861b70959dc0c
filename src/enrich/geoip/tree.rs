//! The search tree of a MaxMind DB file, walked with a table in front.
//!
//! The walk of `maxminddb` starts at the root for every address: 20 to 32 dependent reads for IPv4.
//! Here the records that the first 16 bits lead to are kept in a table of 256 KiB, so a random
//! address costs one read of the table and rarely more than eight of the tree. Layout: MaxMind DB
//! file format specification 2.0, "Binary Search Tree Section".

use std::net::IpAddr;
use std::sync::Arc;

/// Address bits that the table answers for; 2^16 records of 4 bytes are 256 KiB a family.
const TABLE_BITS: u32 = 16;

/// The bytes of one file, shared by the tree and the reader that decodes records.
#[derive(Clone)]
pub(super) struct Bytes(pub(super) Arc<Vec<u8>>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Where a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    /// The tree's record: `node_count` for nothing, above it for a data record.
    pub(super) record: u32,
    /// Bits of the address, in its own family, that decided it; at most [`TABLE_BITS`] may be too many.
    pub(super) prefix: u32,
}

/// The tree of one file, for the families it holds.
pub(super) struct Tree {
    bytes: Bytes,
    node_count: u32,
    record_bits: u16,
    v4: Option<Box<[u32]>>,
    v6: Option<Box<[u32]>>,
}

impl Tree {
    /// Reads the first levels. `record_bits` is 24, 28 or 32.
    pub(super) fn new(bytes: Bytes, node_count: u32, record_bits: u16, ip_version: u16) -> Self {
        let mut tree = Self {
            bytes,
            node_count,
            record_bits,
            v4: None,
            v6: None,
        };
        let v4_root = match ip_version {
            4 => 0,
            _ => tree.walk(0, 0, 0, 96).record,
        };
        if v4_root < node_count {
            tree.v4 = Some(tree.table(v4_root));
        }
        // Global unicast is 2000::/3 (RFC 4291, section 2.4); a file without it has IPv4 only.
        if ip_version == 6 && tree.walk(0, 0x2000 << 112, 0, 3).record != node_count {
            tree.v6 = Some(tree.table(0));
        }
        tree
    }

    /// Returns the bytes of the file and its tables.
    pub(super) fn n_bytes(&self) -> usize {
        let tables = [&self.v4, &self.v6].into_iter().flatten();
        self.bytes.0.len() + tables.map(|table| table.len() * 4).sum::<usize>()
    }

    /// Tells whether the file holds addresses of the family of `ip`.
    pub(super) fn covers(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(_) => self.v4.is_some(),
            IpAddr::V6(_) => self.v6.is_some(),
        }
    }

    /// Returns the record for an address; an address of an absent family has none.
    pub(super) fn find(&self, ip: IpAddr) -> Leaf {
        let (table, bits, width) = match ip {
            IpAddr::V4(v4) => (&self.v4, u128::from(v4.to_bits()) << 96, 32),
            IpAddr::V6(v6) => (&self.v6, v6.to_bits(), 128),
        };
        let nothing = Leaf {
            record: self.node_count,
            prefix: 0,
        };
        let Some(table) = table else { return nothing };
        let start = table.get((bits >> 112) as usize).copied();
        let start = start.unwrap_or(self.node_count);
        self.walk(start, bits, TABLE_BITS, width)
    }

    /// Tells whether a record points at data.
    pub(super) fn is_data(&self, record: u32) -> bool {
        record > self.node_count
    }

    fn table(&self, root: u32) -> Box<[u32]> {
        (0..1_u128 << TABLE_BITS)
            .map(|top| self.walk(root, top << 112, 0, TABLE_BITS).record)
            .collect()
    }

    /// Follows bits `from..to` of `bits` (counted from the highest) until a leaf or the end.
    fn walk(&self, mut record: u32, bits: u128, from: u32, to: u32) -> Leaf {
        for at in from..to {
            if record >= self.node_count {
                return Leaf { record, prefix: at };
            }
            record = self.child(record, bits >> (127 - at) & 1 == 1);
        }
        // A node after the last bit is a broken tree, unless the caller asked for a node.
        let record = match to {
            32 | 128 if record < self.node_count => self.node_count,
            _ => record,
        };
        Leaf { record, prefix: to }
    }

    /// Reads one of the two records of a node; outside the file it is "nothing".
    fn child(&self, node: u32, right: bool) -> u32 {
        let node_bytes = usize::from(self.record_bits) / 4;
        let at = node as usize * node_bytes;
        let Some(node) = self.bytes.0.get(at..at + node_bytes) else {
            return self.node_count;
        };
        match (node, right) {
            (&[a, b, c, _, _, _], false) | (&[_, _, _, a, b, c], true) => {
                u32::from_be_bytes([0, a, b, c])
            }
            (&[a, b, c, high, _, _, _], false) => u32::from_be_bytes([high >> 4, a, b, c]),
            (&[_, _, _, high, a, b, c], true) => u32::from_be_bytes([high & 15, a, b, c]),
            (&[a, b, c, d, _, _, _, _], false) | (&[_, _, _, _, a, b, c, d], true) => {
                u32::from_be_bytes([a, b, c, d])
            }
            _ => self.node_count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Specification, "Node Layout": one node for each record size.
    #[test]
    fn records_of_every_size_are_read() {
        #[track_caller]
        fn check(record_bits: u16, node: &[u8], expected: [u32; 2]) {
            let bytes = Bytes(Arc::new([&vec![0; node.len()], node].concat()));
            let tree = Tree {
                bytes,
                node_count: 2,
                record_bits,
                v4: None,
                v6: None,
            };
            assert_eq!([tree.child(1, false), tree.child(1, true)], expected);
            assert_eq!(tree.child(2, false), 2, "outside of the file is nothing");
        }
        check(24, &[1, 2, 3, 4, 5, 6], [0x01_0203, 0x04_0506]);
        check(28, &[1, 2, 3, 0xAB, 4, 5, 6], [0x0A01_0203, 0x0B04_0506]);
        check(32, &[1, 2, 3, 4, 5, 6, 7, 8], [0x0102_0304, 0x0506_0708]);
    }
}
