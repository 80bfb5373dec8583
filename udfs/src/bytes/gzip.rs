//! Inflates gzip (RFC 1952) up to a limit.

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// What gzip begins with.
const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The only method that gzip has: deflate.
const DEFLATE: u8 = 8;

const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// Room that is made at least before inflating.
const STEP_BYTES: usize = 4096;

/// Whether bytes begin as gzip does.
#[inline]
pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Broken, or larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

/// A decoder whose state is used again for every value.
pub(crate) struct Gunzip {
    inflate: Decompress,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        Self {
            inflate: Decompress::new(false),
        }
    }

    /// Appends what `bytes`, one gzip member or several, inflate to; at most `bytes_max` of it. On
    /// an error, part of it has been appended.
    pub(crate) fn append(
        &mut self,
        bytes: &[u8],
        bytes_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        let end_max = out.len().saturating_add(bytes_max);
        out.reserve(size_hint(bytes).min(bytes_max));
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.append_member(rest, end_max, out)?;
        }
        Ok(())
    }

    fn append_member<'a>(
        &mut self,
        bytes: &'a [u8],
        end_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<&'a [u8], Refused> {
        let start = out.len();
        let body = body(bytes).ok_or(Refused)?;
        let after = self.inflate_body(body, end_max, out)?;
        let (checksum, after) = after.split_first_chunk::<4>().ok_or(Refused)?;
        let (size, after) = after.split_first_chunk::<4>().ok_or(Refused)?;
        let inflated = &out[start..];
        let mut crc = Crc::new();
        crc.update(inflated);
        let intact = u32::from_le_bytes(*checksum) == crc.sum()
            && u32::from_le_bytes(*size) == inflated.len() as u32;
        intact.then_some(after).ok_or(Refused)
    }

    /// Returns what follows the deflated data.
    fn inflate_body<'a>(
        &mut self,
        body: &'a [u8],
        end_max: usize,
        out: &mut Vec<u8>,
    ) -> Result<&'a [u8], Refused> {
        self.inflate.reset(false);
        loop {
            let read = self.inflate.total_in();
            let rest = body.get(read as usize..).unwrap_or_default();
            if out.capacity() - out.len() < STEP_BYTES.min(end_max - out.len() + 1) {
                out.reserve(STEP_BYTES);
            }
            let length = out.len();
            let status = self
                .inflate
                .decompress_vec(rest, out, FlushDecompress::None)
                .map_err(|_| Refused)?;
            if out.len() > end_max {
                return Err(Refused);
            }
            match status {
                Status::StreamEnd => {
                    return Ok(body
                        .get(self.inflate.total_in() as usize..)
                        .unwrap_or_default());
                }
                // No progress with room to write: the data ends too early.
                _ if out.len() == length && self.inflate.total_in() == read => {
                    return Err(Refused);
                }
                _ => {}
            }
        }
    }
}

/// What the last member says that it inflates to: true for honest data of one member.
fn size_hint(bytes: &[u8]) -> usize {
    bytes
        .last_chunk::<4>()
        .map_or(0, |size| u32::from_le_bytes(*size) as usize)
        // Deflate cannot do better than this; a larger claim is a lie.
        .min(bytes.len().saturating_mul(1032))
}

/// What follows a member's header.
fn body(bytes: &[u8]) -> Option<&[u8]> {
    let (header, mut rest) = bytes.split_first_chunk::<10>()?;
    let [magic0, magic1, method, flags, ..] = *header;
    if [magic0, magic1] != MAGIC || method != DEFLATE || flags & RESERVED != 0 {
        return None;
    }
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|&byte| byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & HEADER_CRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}
