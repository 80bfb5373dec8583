//! A file's bytes in memory, in chunks, so that a large file is neither moved nor copied as it grows.

use std::io::{self, Write};

use bytes::Bytes;
use object_store::PutPayload;

/// Small enough that an allocator hands it out again from what was given back.
const CHUNK_BYTES: usize = 4 << 20;

/// What was written, in order.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    full: Vec<Bytes>,
    last: Vec<u8>,
    length: usize,
}

impl Chunks {
    /// How many bytes were written.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// The bytes as one put takes them.
    pub(super) fn into_payload(mut self) -> PutPayload {
        self.close();
        self.full.into_iter().collect()
    }

    fn close(&mut self) {
        if !self.last.is_empty() {
            self.full.push(Bytes::from(std::mem::take(&mut self.last)));
        }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.last.len() == CHUNK_BYTES {
            self.close();
        }
        if self.last.capacity() == 0 && !self.full.is_empty() {
            self.last.reserve_exact(CHUNK_BYTES);
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.last.len());
        self.last.extend_from_slice(&bytes[..taken]);
        self.length += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_was_written_comes_back_in_chunks() {
        let mut chunks = Chunks::default();
        let bytes: Vec<u8> = (0..2 * CHUNK_BYTES + 7).map(|n| n as u8).collect();
        for part in bytes.chunks(1_000_003) {
            chunks.write_all(part).unwrap();
        }
        assert_eq!(chunks.len(), bytes.len());
        let payload = chunks.into_payload();
        let lengths: Vec<usize> = payload.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [CHUNK_BYTES, CHUNK_BYTES, 7]);
        assert_eq!(Bytes::from(payload), bytes);
    }
}
