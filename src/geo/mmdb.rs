//! Writes MaxMind DB files from sorted runs.
//!
//! Runs are sorted already, so the search tree falls out of one walk in address order: no
//! insertion, 8 bytes of memory a node. Format: MaxMind DB file format specification 2.0.

use std::collections::HashMap;
use std::io::{self, Write};

use super::runs::{Run, V4_BITS, V6_BITS};

/// Bytes of zeros between tree and data.
const SEPARATOR: [u8; 16] = [0; 16];
pub(super) const METADATA_MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// A node's record before the file's sizes are known: nothing.
const NOTHING: u32 = u32::MAX;
/// A node's record before the file's sizes are known: an answer, in the lower bits.
const ANSWER: u32 = 1 << 31;

/// The values of a record's fields, as far as we write them.
pub enum Value<'a> {
    /// UTF-8 text.
    Text(&'a str),
    /// A coordinate; readers of MaxMind's schema insist on 64 bits.
    Double(f64),
    /// Any number that fits.
    U32(u32),
    /// As above; the metadata asks for this width.
    U16(u16),
    /// As above.
    U64(u64),
    /// Keys and values.
    Map(Vec<(&'a str, Value<'a>)>),
    /// Several values.
    List(Vec<Value<'a>>),
    /// A value that is written once and pointed at from everywhere else; the text names it.
    Shared(&'a str, Box<Value<'a>>),
}

/// The data section: equal keys and shared values are written once and pointed at.
#[derive(Default)]
pub struct Data {
    bytes: Vec<u8>,
    known: HashMap<String, usize>,
}

impl Data {
    /// Appends a record and returns its offset.
    pub fn push(&mut self, value: &Value<'_>) -> usize {
        self.write_shared(value);
        let at = self.bytes.len();
        self.write(value);
        at
    }

    /// Writes what the value points at, which must lie outside of it.
    fn write_shared(&mut self, value: &Value<'_>) {
        match value {
            Value::Map(entries) => {
                for (key, value) in entries {
                    self.write_once(&format!("key {key}"), &Value::Text(key));
                    self.write_shared(value);
                }
            }
            Value::List(values) => values.iter().for_each(|value| self.write_shared(value)),
            Value::Shared(name, value) => {
                self.write_shared(value);
                self.write_once(&format!("value {name}"), value);
            }
            _ => {}
        }
    }

    fn write_once(&mut self, name: &str, value: &Value<'_>) {
        if !self.known.contains_key(name) {
            self.known.insert(name.to_owned(), self.bytes.len());
            self.write(value);
        }
    }

    fn write(&mut self, value: &Value<'_>) {
        match value {
            Value::Text(text) => {
                self.control(2, text.len());
                self.bytes.extend_from_slice(text.as_bytes());
            }
            Value::Double(number) => {
                self.control(3, 8);
                self.bytes.extend_from_slice(&number.to_be_bytes());
            }
            Value::U16(number) => self.unsigned(5, u64::from(*number)),
            Value::U32(number) => self.unsigned(6, u64::from(*number)),
            Value::U64(number) => self.unsigned(9, *number),
            Value::Map(entries) => {
                self.control(7, entries.len());
                for (key, value) in entries {
                    match self.known.get(&format!("key {key}")) {
                        Some(at) => self.pointer(*at),
                        None => self.write(&Value::Text(key)),
                    }
                    self.write(value);
                }
            }
            Value::List(values) => {
                self.control(11, values.len());
                values.iter().for_each(|value| self.write(value));
            }
            Value::Shared(name, value) => match self.known.get(&format!("value {name}")) {
                Some(at) => self.pointer(*at),
                None => self.write(value),
            },
        }
    }

    /// Numbers drop their leading zero bytes.
    fn unsigned(&mut self, kind: u8, number: u64) {
        let bytes = number.to_be_bytes();
        let n_zeros = (number.leading_zeros() / 8) as usize;
        self.control(kind, bytes.len() - n_zeros);
        self.bytes.extend(bytes.iter().skip(n_zeros));
    }

    /// Specification, "Data Field Format": three bits of type, five of size, either may overflow.
    fn control(&mut self, kind: u8, size: usize) {
        let (size_bits, base, width) = match size {
            0..29 => (size as u8, size, 0),
            29..285 => (29, 29, 1),
            285..65_821 => (30, 285, 2),
            _ => (31, 65_821, 3),
        };
        match kind {
            1..=7 => self.bytes.push(kind << 5 | size_bits),
            _ => self.bytes.extend_from_slice(&[size_bits, kind - 7]),
        }
        let rest = ((size - base) as u32).to_be_bytes();
        self.bytes.extend(rest.iter().skip(4 - width));
    }

    /// Specification, "pointer": 11, 19, 27 or 32 bits, each width counted from where the last ended.
    fn pointer(&mut self, at: usize) {
        let at = at as u32;
        let bytes = |at: u32| at.to_be_bytes();
        match at {
            0..0x800 => {
                let [.., a, b] = bytes(at);
                self.bytes.extend_from_slice(&[0x20 | a, b]);
            }
            0x800..0x8_0800 => {
                let [_, a, b, c] = bytes(at - 0x800);
                self.bytes.extend_from_slice(&[0x28 | a, b, c]);
            }
            0x8_0800..0x808_0800 => {
                let [a, b, c, d] = bytes(at - 0x8_0800);
                self.bytes.extend_from_slice(&[0x30 | a, b, c, d]);
            }
            _ => {
                self.bytes.push(0x38);
                self.bytes.extend_from_slice(&bytes(at));
            }
        }
    }
}

/// What a file says of itself.
pub struct About<'a> {
    /// Readers choose by it: it should contain `City` or `ASN`.
    pub database_type: &'a str,
    /// English description.
    pub description: &'a str,
    /// Unix time of the data.
    pub build_epoch: u64,
}

/// Writes a file that answers for both families, from the runs of each in order.
///
/// `offsets` has the place of each answer's record in `data`; the first is not looked at, answer 0
/// being nothing.
pub fn write_file(
    out: &mut impl Write,
    v4: impl Iterator<Item = Run>,
    v6: impl Iterator<Item = Run>,
    offsets: &[u32],
    data: &Data,
    about: &About<'_>,
) -> io::Result<()> {
    let mut nodes = Nodes::default();
    nodes.build(v4, v6);
    let n_nodes = nodes.0.len();
    let top = n_nodes + SEPARATOR.len() + data.bytes.len();
    let record_bits: u16 = match top {
        0..0x100_0000 => 24,
        0x100_0000..0x1000_0000 => 28,
        _ => 32,
    };
    let resolve = |record: u32| match record {
        NOTHING => n_nodes as u32,
        _ if record & ANSWER == 0 => record,
        _ => {
            let offset = offsets.get((record & !ANSWER) as usize);
            offset.map_or(n_nodes as u32, |offset| {
                n_nodes as u32 + SEPARATOR.len() as u32 + offset
            })
        }
    };
    for [left, right] in &nodes.0 {
        write_node(out, record_bits, resolve(*left), resolve(*right))?;
    }
    out.write_all(&SEPARATOR)?;
    out.write_all(&data.bytes)?;
    out.write_all(METADATA_MARKER)?;
    let metadata = Value::Map(vec![
        ("binary_format_major_version", Value::U16(2)),
        ("binary_format_minor_version", Value::U16(0)),
        ("build_epoch", Value::U64(about.build_epoch)),
        ("database_type", Value::Text(about.database_type)),
        (
            "description",
            Value::Map(vec![("en", Value::Text(about.description))]),
        ),
        ("ip_version", Value::U16(6)),
        ("languages", Value::List(vec![Value::Text("en")])),
        ("node_count", Value::U32(n_nodes as u32)),
        ("record_size", Value::U16(record_bits)),
    ]);
    let mut section = Data::default();
    section.write(&metadata);
    out.write_all(&section.bytes)
}

/// Specification, "Node Layout".
fn write_node(out: &mut impl Write, record_bits: u16, left: u32, right: u32) -> io::Result<()> {
    let [l0, l1, l2, l3] = left.to_be_bytes();
    let [r0, r1, r2, r3] = right.to_be_bytes();
    match record_bits {
        24 => out.write_all(&[l1, l2, l3, r1, r2, r3]),
        28 => out.write_all(&[l1, l2, l3, l0 << 4 | r0, r1, r2, r3]),
        _ => out.write_all(&[l0, l1, l2, l3, r0, r1, r2, r3]),
    }
}

/// The search tree; the first node is its root.
#[derive(Default)]
struct Nodes(Vec<[u32; 2]>);

impl Nodes {
    /// IPv4 lies at `::/96` of the tree, as in all files for both families.
    fn build(&mut self, v4: impl Iterator<Item = Run>, v6: impl Iterator<Item = Run>) {
        self.0 = (1..=96).map(|next| [next, NOTHING]).collect();
        self.0[95][0] = self.record(&mut Cursor::new(v4), 0, V4_BITS);
        // What branches off the way to IPv4, in the order of addresses.
        let mut v6 = Cursor::new(v6);
        for bits in 0..V6_BITS {
            let level = (V6_BITS - 1 - bits) as usize;
            self.0[level][1] = self.record(&mut v6, 1 << bits, bits);
        }
    }

    /// Returns the record for the units from `start` on that share all but `bits` lower bits.
    fn record<I>(&mut self, cursor: &mut Cursor<I>, start: u64, bits: u32) -> u32
    where
        I: Iterator<Item = Run>,
    {
        cursor.advance(start);
        if cursor.next_start() >= start + (1 << bits) {
            return match cursor.answer {
                0 => NOTHING,
                answer => ANSWER | answer,
            };
        }
        let node = self.0.len();
        self.0.push([NOTHING; 2]);
        let half = 1 << (bits - 1);
        let left = self.record(cursor, start, bits - 1);
        let right = self.record(cursor, start + half, bits - 1);
        self.0[node] = [left, right];
        node as u32
    }
}

/// A place in a sequence of runs.
struct Cursor<I> {
    answer: u32,
    next: Option<Run>,
    rest: I,
}

impl<I: Iterator<Item = Run>> Cursor<I> {
    fn new(mut rest: I) -> Self {
        let next = rest.next();
        Self {
            answer: 0,
            next,
            rest,
        }
    }

    /// Moves to the run that holds `unit`.
    fn advance(&mut self, unit: u64) {
        while let Some(run) = self.next.filter(|run| run.start <= unit) {
            self.answer = run.answer;
            self.next = self.rest.next();
        }
    }

    fn next_start(&self) -> u64 {
        self.next.map_or(u64::MAX, |run| run.start)
    }
}

#[cfg(test)]
mod tests {
    use maxminddb::{Reader, geoip2};

    use super::*;

    #[test]
    fn nodes_of_every_size_are_laid_out() {
        #[track_caller]
        fn check(record_bits: u16, left: u32, right: u32, expected: &[u8]) {
            let mut node = Vec::new();
            write_node(&mut node, record_bits, left, right).unwrap();
            assert_eq!(node, expected);
        }
        check(24, 0x01_0203, 0x04_0506, &[1, 2, 3, 4, 5, 6]);
        check(28, 0x0A01_0203, 0x0B04_0506, &[1, 2, 3, 0xAB, 4, 5, 6]);
        check(32, 0x0102_0304, 0x0506_0708, &[1, 2, 3, 4, 5, 6, 7, 8]);
    }

    /// Texts of every size class, with so much between shared values that pointers of every width
    /// are needed.
    #[test]
    fn texts_and_pointers_of_every_width_are_read_back() {
        let sizes = [
            1, 28, 29, 284, 285, 286, 1_000, 65_820, 65_821, 600_000, 300, 5,
        ];
        let names: Vec<String> = sizes.iter().map(|size| "x".repeat(*size)).collect();
        let mut data = Data::default();
        let mut offsets = vec![0];
        for (n, name) in names.iter().enumerate() {
            let country = ["AA", "BB", "CC", "DD"][n % 4];
            let code = Value::Map(vec![("iso_code", Value::Text(country))]);
            let english = Value::Map(vec![("en", Value::Text(name))]);
            // The last countries appear after the long names.
            let shared = match n < 10 {
                true => "AA and others".to_owned() + country,
                false => country.to_owned(),
            };
            let record = Value::Map(vec![
                ("country", Value::Shared(&shared, Box::new(code))),
                ("city", Value::Map(vec![("names", english)])),
            ]);
            offsets.push(data.push(&record) as u32);
            offsets[n + 1] = data.push(&record) as u32;
        }
        let runs = (0..names.len()).map(|n| Run {
            start: 0x08_0000 + n as u64,
            answer: n as u32 + 1,
        });
        let about = About {
            database_type: "Test-City",
            description: &"long ".repeat(100),
            build_epoch: 1 << 33,
        };
        let mut file = Vec::new();
        write_file(&mut file, runs, std::iter::empty(), &offsets, &data, &about).unwrap();
        let reader = Reader::from_source(file.as_slice()).unwrap();
        assert_eq!(reader.metadata().build_epoch, about.build_epoch);
        assert_eq!(reader.metadata().description["en"], about.description);
        for (n, name) in names.iter().enumerate() {
            let ip = std::net::Ipv4Addr::new(8, 0, n as u8, 1);
            let city = reader.lookup(ip.into()).unwrap();
            let city: geoip2::City = city.decode().unwrap().unwrap();
            assert_eq!(city.city.names.english, Some(name.as_str()));
            assert_eq!(city.country.iso_code, Some(["AA", "BB", "CC", "DD"][n % 4]));
        }
    }
}
