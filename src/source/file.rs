//! Files: plain and gzip, history first, then what is appended.
//!
//! A file is known by device and inode and by a hash of its first bytes, so a rename is no new file and a
//! reused inode is no old one. The position is the end of the last *stored* line and becomes durable in the
//! same commit as the rows.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{Chunk, Delivery, DeliverySender, Shutdown, SourceError};
use crate::batch::Origin;
use crate::framing::Framer;
use crate::framing::newline::Newline;
use crate::store::{Position, Store};

/// Read at once; large enough that per-block costs vanish, small enough for the memory bound.
const BLOCK_BYTES: usize = 4 << 20;
/// Bytes hashed to tell files apart.
const FINGERPRINT_BYTES_MAX: u64 = 1024;
/// How often followed files are looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How often the patterns are matched again.
const GLOB_EVERY_POLLS: u32 = 10;

/// Reads one file from a position, block by block.
pub struct FileReader {
    input: Input,
    path: PathBuf,
    position: Position,
    framer: Newline,
    buf: BytesMut,
    /// Modification time when opened; year-less times are put before it.
    mtime_us: i64,
}

enum Input {
    Plain(File),
    Gzip(Box<MultiGzDecoder<io::BufReader<File>>>),
}

impl FileReader {
    /// Opens the file where it was left, or at its start when it is new, replaced or cut short.
    pub fn open(
        path: &Path,
        source: &str,
        known: impl Fn(&str) -> Option<Position>,
    ) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
        }
        let is_gzip = is_gzip(&mut file)?;
        let identity = identity(&metadata);
        let position = match known(&identity) {
            Some(position) if is_same(&mut file, &metadata, &position, is_gzip)? => position,
            _ => Position {
                identity,
                source: source.to_owned(),
                path: path.display().to_string(),
                offset: 0,
                line: 0,
                done: false,
                fingerprint: fingerprint(&mut file, metadata.len())?,
            },
        };
        let input = if is_gzip {
            file.seek(SeekFrom::Start(0))?;
            let mut decoder = MultiGzDecoder::new(io::BufReader::new(file));
            if position.offset > 0 && !position.done {
                io::copy(&mut (&mut decoder).take(position.offset), &mut io::sink())?;
            }
            Input::Gzip(Box::new(decoder))
        } else {
            file.seek(SeekFrom::Start(position.offset))?;
            Input::Plain(file)
        };
        Ok(Self {
            input,
            path: path.to_owned(),
            position,
            framer: Newline::default(),
            buf: BytesMut::new(),
            mtime_us: metadata.mtime() * 1_000_000,
        })
    }

    /// Where reading stands.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// When the file was last written, microseconds since the epoch.
    pub fn mtime_us(&self) -> i64 {
        self.mtime_us
    }

    /// Whether nothing can follow: a compressed file read to its end.
    pub fn is_done(&self) -> bool {
        self.position.done
    }

    /// Returns the next block of complete lines, or none when there is nothing more for now.
    ///
    /// With `last` a line without its newline is taken too.
    pub fn next_block(&mut self, last: bool) -> io::Result<Option<Chunk>> {
        if self.position.done {
            return Ok(None);
        }
        let is_gzip = matches!(self.input, Input::Gzip(_));
        loop {
            let n = self.fill()?;
            let eof = n == 0 && (last || is_gzip);
            let mut spans = Vec::new();
            let consumed = self
                .framer
                .cut(&self.buf, eof, &mut spans)
                .map_err(io::Error::other)?;
            if consumed > 0 {
                let start = self.position.offset;
                self.position.offset += consumed as u64;
                self.position.line += spans.len() as u64;
                if self.position.fingerprint.starts_with("0:") {
                    self.refresh_fingerprint()?;
                }
                return Ok(Some(Chunk {
                    bytes: self.buf.split_to(consumed).freeze(),
                    spans,
                    offset: i64::try_from(start).ok(),
                    observed_us: crate::time::now_us(),
                }));
            }
            if n == 0 {
                self.position.done = is_gzip;
                return Ok(None);
            }
        }
    }

    fn refresh_fingerprint(&mut self) -> io::Result<()> {
        let mut file = File::open(&self.path)?;
        let len = file.metadata()?.len();
        self.position.fingerprint = fingerprint(&mut file, len)?;
        Ok(())
    }

    fn fill(&mut self) -> io::Result<usize> {
        let held = self.buf.len();
        self.buf.resize(held + BLOCK_BYTES, 0);
        let mut got = 0;
        while got < BLOCK_BYTES {
            let target = &mut self.buf[held + got..];
            let read = match &mut self.input {
                Input::Plain(file) => file.read(target),
                Input::Gzip(decoder) => decoder.read(target),
            };
            match read {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.buf.truncate(held + got);
                    return Err(error);
                }
            }
        }
        self.buf.truncate(held + got);
        Ok(got)
    }
}

fn is_gzip(file: &mut File) -> io::Result<bool> {
    let mut magic = [0; 2];
    file.seek(SeekFrom::Start(0))?;
    let n = file.read(&mut magic)?;
    Ok(n == 2 && magic == [0x1f, 0x8b])
}

fn identity(metadata: &Metadata) -> String {
    format!("{}:{}", metadata.dev(), metadata.ino())
}

/// `len:hash` of the first bytes.
fn fingerprint(file: &mut File, len: u64) -> io::Result<String> {
    let len = len.min(FINGERPRINT_BYTES_MAX);
    Ok(format!("{len}:{}", hash_start(file, len)?))
}

fn hash_start(file: &mut File, len: u64) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut start = Vec::new();
    file.take(len).read_to_end(&mut start)?;
    Ok(crate::text::hex(&Sha256::digest(&start)))
}

/// Whether the file is the one that was read up to `position`: the same beginning, and not cut short.
fn is_same(
    file: &mut File,
    metadata: &Metadata,
    position: &Position,
    is_gzip: bool,
) -> io::Result<bool> {
    let Some((len, hash)) = position.fingerprint.split_once(':') else {
        return Ok(false);
    };
    let len: u64 = len.parse().unwrap_or(u64::MAX);
    let cut_short = metadata.len() < len || (!is_gzip && metadata.len() < position.offset);
    Ok(!cut_short && hash_start(file, len)? == hash)
}

/// Files matching the patterns, by name; folders are left out, a pattern that matches nothing is an error.
pub fn matching(patterns: &[String]) -> Result<Vec<PathBuf>, SourceError> {
    let mut paths = Vec::new();
    for pattern in patterns {
        let before = paths.len();
        let matches = glob::glob(pattern).map_err(|error| SourceError::Read {
            path: pattern.clone(),
            source: io::Error::new(io::ErrorKind::InvalidInput, error),
        })?;
        paths.extend(matches.flatten());
        if paths.len() == before {
            return Err(SourceError::NoMatch(pattern.clone()));
        }
    }
    // Oldest first: `access.log.2.gz` was written before `access.log`.
    paths.sort_by_key(|path| {
        (
            path.metadata().and_then(|m| m.modified()).ok(),
            path.clone(),
        )
    });
    paths.dedup();
    Ok(paths)
}

/// Follows files: what they hold now, then what is appended.
pub struct Tail {
    pub name: Arc<str>,
    pub patterns: Vec<String>,
    pub origin: Origin,
}

impl Tail {
    /// Runs until shutdown. Blocking: give it a thread of its own.
    pub fn run(
        &self,
        store: &Store,
        out: &DeliverySender,
        shutdown: &Shutdown,
    ) -> Result<(), SourceError> {
        let mut readers: HashMap<String, FileReader> = HashMap::new();
        let mut complained: HashMap<PathBuf, String> = HashMap::new();
        let mut polls = 0;
        while !shutdown.is_cancelled() {
            if polls % GLOB_EVERY_POLLS == 0 {
                self.look_for_files(store, &mut readers, &mut complained);
            }
            polls += 1;
            let mut read_any = false;
            let mut ended = Vec::new();
            for (identity, reader) in &mut readers {
                match self.read_some(reader, out, shutdown) {
                    Ok(read) => read_any |= read,
                    Err(SourceError::PipelineStopped) => return Ok(()),
                    Err(error) => {
                        tracing::warn!(source.name = %self.name, %error, "stopped reading a file");
                        ended.push(identity.clone());
                    }
                }
                if reader.is_done() || has_been_replaced(reader) {
                    ended.push(identity.clone());
                }
            }
            for identity in ended {
                readers.remove(&identity);
            }
            if !read_any {
                std::thread::sleep(POLL_INTERVAL);
            }
        }
        Ok(())
    }

    fn look_for_files(
        &self,
        store: &Store,
        readers: &mut HashMap<String, FileReader>,
        complained: &mut HashMap<PathBuf, String>,
    ) {
        let Ok(paths) = matching(&self.patterns) else {
            return;
        };
        for path in paths {
            let Ok(metadata) = path.metadata() else {
                continue;
            };
            if metadata.is_dir() || readers.contains_key(&identity(&metadata)) {
                continue;
            }
            let known = |identity: &str| store.position(identity).ok().flatten();
            match FileReader::open(&path, &self.name, known) {
                Ok(reader) if reader.is_done() => {}
                Ok(reader) => {
                    complained.remove(&path);
                    readers.insert(reader.position.identity.clone(), reader);
                }
                Err(error) => {
                    let text = error.to_string();
                    if complained.get(&path) != Some(&text) {
                        tracing::warn!(source.name = %self.name, path = %path.display(), %error, "cannot read a file");
                        complained.insert(path, text);
                    }
                }
            }
        }
    }

    /// Reads one block; true when there was something.
    fn read_some(
        &self,
        reader: &mut FileReader,
        out: &DeliverySender,
        shutdown: &Shutdown,
    ) -> Result<bool, SourceError> {
        let chunk = reader
            .next_block(false)
            .map_err(|source| SourceError::Read {
                path: reader.path.display().to_string(),
                source,
            })?;
        let Some(chunk) = chunk else { return Ok(false) };
        if shutdown.is_cancelled() {
            return Err(SourceError::PipelineStopped);
        }
        let mut origin = self.origin.clone();
        origin.path = Some(reader.path.display().to_string().into());
        origin.not_after_us = reader.mtime_us.max(chunk.observed_us) + 86_400_000_000;
        let delivery = Delivery {
            chunk,
            origin: Arc::new(origin),
            position: Some(reader.position.clone()),
            idempotency: None,
            ack: None,
        };
        out.blocking_send(delivery)
            .map_err(|_| SourceError::PipelineStopped)?;
        Ok(true)
    }
}

/// Whether the path now names another file, or the file was cut short: then it is opened anew.
fn has_been_replaced(reader: &FileReader) -> bool {
    match reader.path.metadata() {
        Ok(metadata) => {
            identity(&metadata) != reader.position.identity
                || (matches!(reader.input, Input::Plain(_))
                    && metadata.len() < reader.position.offset)
        }
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn lines(chunk: &Chunk) -> Vec<String> {
        let text = |span: &crate::framing::Span| {
            String::from_utf8_lossy(&chunk.bytes[span.start as usize..span.end as usize])
                .into_owned()
        };
        chunk.spans.iter().map(text).collect()
    }

    #[test]
    fn a_line_without_its_end_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        std::fs::write(&path, "one\ntw").unwrap();
        let mut reader = FileReader::open(&path, "s", |_| None).unwrap();
        assert_eq!(lines(&reader.next_block(false).unwrap().unwrap()), ["one"]);
        assert!(reader.next_block(false).unwrap().is_none());
        assert_eq!(reader.position().offset, 4);
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"o\n").unwrap();
        assert_eq!(lines(&reader.next_block(false).unwrap().unwrap()), ["two"]);
    }

    #[test]
    fn a_known_file_goes_on_and_a_replaced_one_starts_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let mut reader = FileReader::open(&path, "s", |_| None).unwrap();
        reader.next_block(true).unwrap();
        let known = reader.position().clone();
        let again = FileReader::open(&path, "s", |_| Some(known.clone())).unwrap();
        assert_eq!(again.position().offset, 8);
        std::fs::write(&path, "six\nseven\neight\n").unwrap();
        let replaced = FileReader::open(&path, "s", |_| Some(known.clone())).unwrap();
        assert_eq!(replaced.position().offset, 0);
        std::fs::write(&path, "o").unwrap();
        let cut = FileReader::open(&path, "s", |_| Some(known.clone())).unwrap();
        assert_eq!(cut.position().offset, 0);
    }

    #[test]
    fn gzip_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"one\ntwo").unwrap();
        std::fs::write(&path, encoder.finish().unwrap()).unwrap();
        let mut reader = FileReader::open(&path, "s", |_| None).unwrap();
        let mut all = Vec::new();
        while let Some(chunk) = reader.next_block(false).unwrap() {
            all.extend(lines(&chunk));
        }
        assert_eq!(all, ["one", "two"]);
        assert!(reader.is_done());
        let known = reader.position().clone();
        let mut again = FileReader::open(&path, "s", |_| Some(known.clone())).unwrap();
        assert!(again.next_block(true).unwrap().is_none());
    }
}
