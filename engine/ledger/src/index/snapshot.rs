//! The snapshot file of an index.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `HWINDEX1` |
//! | 4 + n | what the index is of: its length, then UTF-8 |
//! | 4 + n | the commit group and its hash, as the caller names them |
//! | 8 | the number after the last entry that is in |
//! | 16 | the key of the fingerprints |
//! | 1,024 × (4 + 24 n) | the shards: a count, then sorted slots |
//! | 16 | SipHash-1-3, 128 bits, of all before |
//!
//! Numbers are little-endian. The file is only a cache: it is written beside its place, synced and
//! renamed, and what isn't whole or isn't wanted is as good as none.

use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use common::{EngineError, Result};
use siphasher::sip128::{Hasher128, SipHasher13};

use super::shard::Shard;
use super::slot::Slot;
use super::table::shard_of;
use super::{Frozen, Index, IndexKey, SHARDS};

const MAGIC: &[u8; 8] = b"HWINDEX1";
const TEXT_BYTES_MAX: u32 = 1 << 16;

/// What a snapshot says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// What the index is of: the ledger's key and order.
    pub definition: String,
    /// The commit group and its hash, as the caller named them.
    pub group: String,
    /// The number after the last entry that is in.
    pub next_entry: i64,
}

impl Frozen {
    /// Writes the snapshot file and makes it durable. It blocks on the disk.
    pub fn write(self, path: &Path, group: &str) -> Result<()> {
        let failed = |e: io::Error| {
            EngineError::unavailable(format!(
                "writing the index snapshot {}; it is only a cache, the next one is tried later",
                path.display()
            ))
            .caused_by(e)
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        // Only the last folder: what should be above it, and isn't, has been moved away.
        match fs::create_dir(folder) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(failed(e)),
            _ => {}
        }
        // Readable by the owner alone, which a temporary file is: the file has the index's key.
        let mut file = tempfile::Builder::new()
            .prefix(".index-")
            .tempfile_in(folder)
            .map_err(failed)?;
        self.write_to(file.as_file_mut(), group).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(path).map_err(|e| failed(e.error))?;
        File::open(folder)
            .and_then(|f| f.sync_all())
            .map_err(failed)
    }

    fn write_to(self, file: &mut File, group: &str) -> io::Result<()> {
        let mut out = Checked::new(BufWriter::with_capacity(1 << 20, file));
        out.put(MAGIC)?;
        for text in [self.definition.as_str(), group] {
            out.put(&length(text.len())?.to_le_bytes())?;
            out.put(text.as_bytes())?;
        }
        out.put(&self.next_entry.to_le_bytes())?;
        out.put(&self.key.0)?;
        let mut bytes = Vec::new();
        for slots in self.into_sorted_shards() {
            bytes.clear();
            bytes.extend_from_slice(&length(slots.len())?.to_le_bytes());
            bytes.extend(slots.iter().flat_map(|slot| slot.to_bytes()));
            out.put(&bytes)?;
        }
        let sum = out.sum();
        out.inner.write_all(&sum)?;
        out.inner.flush()
    }
}

/// Reads a snapshot that `accept` wants by its header. None where there is no file, where it isn't
/// wanted, or where it is broken: the index is then rebuilt. It blocks on the disk.
pub fn read_snapshot(
    path: &Path,
    bytes_max: usize,
    accept: impl FnOnce(&SnapshotHeader) -> bool,
) -> Result<Option<(Index, SnapshotHeader)>> {
    let read = File::open(path).and_then(|file| read_file(file, bytes_max, accept));
    match read {
        Ok(Some((index, _))) if index.bytes() > bytes_max => Err(EngineError::exhausted(format!(
            "the first-seen index in {} takes {} bytes, above its ceiling of {bytes_max}: raise \
             ingest.index_bytes_max",
            path.display(),
            index.bytes()
        ))),
        Ok(found) => Ok(found),
        Err(e) => {
            not_usable(path, &e);
            Ok(None)
        }
    }
}

/// What a snapshot says of itself; None where there is none that can be read.
pub fn read_snapshot_header(path: &Path) -> Option<SnapshotHeader> {
    let read = File::open(path).and_then(|file| header(&mut Checked::new(BufReader::new(file))));
    match read {
        Ok(header) => Some(header),
        Err(e) => {
            not_usable(path, &e);
            None
        }
    }
}

fn not_usable(path: &Path, e: &io::Error) {
    if e.kind() != io::ErrorKind::NotFound {
        tracing::warn!(path = %path.display(), error = %e, "index snapshot not usable");
    }
}

fn header(from: &mut Checked<impl Read>) -> io::Result<SnapshotHeader> {
    if &from.take::<8>()? != MAGIC {
        return Err(broken("it doesn't begin as one"));
    }
    Ok(SnapshotHeader {
        definition: from.text()?,
        group: from.text()?,
        next_entry: i64::from_le_bytes(from.take()?),
    })
}

fn read_file(
    file: File,
    bytes_max: usize,
    accept: impl FnOnce(&SnapshotHeader) -> bool,
) -> io::Result<Option<(Index, SnapshotHeader)>> {
    let slots_max = file.metadata()?.len() / 24;
    let mut from = Checked::new(BufReader::with_capacity(1 << 20, file));
    let header = header(&mut from)?;
    if !accept(&header) {
        return Ok(None);
    }
    let key = IndexKey::new(from.take()?);
    let mut shards = Vec::with_capacity(SHARDS);
    let (mut bytes, mut slots) = (Vec::new(), Vec::new());
    for shard in 0..SHARDS {
        let count = u32::from_le_bytes(from.take()?);
        if u64::from(count) > slots_max {
            return Err(broken("a shard is longer than the file"));
        }
        bytes.resize(count as usize * 24, 0);
        from.fill(&mut bytes)?;
        slots.clear();
        slots.extend(bytes.as_chunks::<24>().0.iter().map(Slot::from_bytes));
        check(shard, &slots, header.next_entry)?;
        shards.push(Arc::new(Shard::from_sorted(&slots)));
    }
    let sum = from.sum();
    let mut stored = [0; 16];
    from.inner.read_exact(&mut stored)?;
    if sum != stored {
        return Err(broken("its checksum differs"));
    }
    if from.inner.read(&mut [0])? > 0 {
        return Err(broken("it goes on behind its end"));
    }
    Ok(Some((Index::from_shards(key, shards, bytes_max), header)))
}

/// A shard's slots are its own, sorted, each once, and of entries that the snapshot has.
fn check(shard: usize, slots: &[Slot], next_entry: i64) -> io::Result<()> {
    let sorted = slots.is_sorted_by(|a, b| a.fingerprint() < b.fingerprint());
    let own = slots
        .iter()
        .all(|s| shard_of(s.fingerprint()) == shard && s.stored().entry < next_entry);
    if sorted && own {
        Ok(())
    } else {
        Err(broken("a shard's slots are not in order"))
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn length(n: usize) -> io::Result<u32> {
    u32::try_from(n).map_err(|_| broken("a part is too long"))
}

/// A reader or writer that sums what passes through it.
struct Checked<T> {
    inner: T,
    hasher: SipHasher13,
}

impl<T> Checked<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            hasher: SipHasher13::new(),
        }
    }

    fn sum(&self) -> [u8; 16] {
        self.hasher.finish128().as_bytes()
    }
}

impl<T: Write> Checked<T> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.write(bytes);
        self.inner.write_all(bytes)
    }
}

impl<T: Read> Checked<T> {
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.inner.read_exact(bytes)?;
        self.hasher.write(bytes);
        Ok(())
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn text(&mut self) -> io::Result<String> {
        let length = u32::from_le_bytes(self.take()?);
        if length > TEXT_BYTES_MAX {
            return Err(broken("a name is too long"));
        }
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| broken("a name is not UTF-8"))
    }
}
