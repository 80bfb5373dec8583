//! A cursor over one JSON text.

use super::broken::Broken;
use super::number::{self, Number};

/// How deep arrays and objects may be nested in a text.
pub const DEPTH_MAX: usize = 64;

/// How many items an array may have. A record of a few kilobytes can inflate to millions of empty
/// objects, each of which takes a row in every column below.
pub const ITEMS_MAX: usize = 65_536;

/// The bytes between the quotes of a string, as they stand in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quoted<'a> {
    pub raw: &'a [u8],
    /// Whether `raw` has escapes, each of them well-formed.
    pub escaped: bool,
}

/// Reads a text front to back. Whoever calls it has checked that the text is UTF-8, if it matters:
/// the grammar only looks at ASCII.
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// How many bytes have been read.
    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The bytes from `start` to the cursor.
    #[inline]
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next byte that is not white space, which stays unread.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<u8, Broken> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(&byte) => return Ok(byte),
                None => return Err(Broken),
            }
        }
    }

    /// Reads `byte` if it is next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> Result<bool, Broken> {
        let found = self.peek()? == byte;
        self.at += usize::from(found);
        Ok(found)
    }

    /// Reads `byte`, which must be next.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        self.take(byte)?.then_some(()).ok_or(Broken)
    }

    /// Reads the opening bracket that was peeked.
    #[inline]
    pub(crate) fn enter(&mut self) -> Result<(), Broken> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Broken);
        }
        Ok(())
    }

    /// The closing bracket has been read.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Only white space may be left.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        match self.peek() {
            Ok(_) => Err(Broken),
            Err(Broken) => Ok(()),
        }
    }

    /// Reads `expected` if the very next bytes are these.
    #[inline]
    pub(crate) fn take_bytes(&mut self, expected: &[u8]) -> bool {
        let found = self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(expected));
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Reads `true`, `false` or `null`.
    #[inline]
    pub(crate) fn word(&mut self, word: &[u8]) -> Result<(), Broken> {
        self.take_bytes(word).then_some(()).ok_or(Broken)
    }

    /// Reads a string; its opening quote has been peeked.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Quoted<'a>, Broken> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        loop {
            at = plain_end(self.text, at);
            match self.text.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = escape_end(self.text, at)?;
                }
                _ => return Err(Broken),
            }
        }
        self.at = at + 1;
        Ok(Quoted {
            raw: &self.text[start..at],
            escaped,
        })
    }

    /// Reads a number; its first byte has been peeked.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<Number<'a>, Broken> {
        let number = number::scan(self.text.get(self.at..).unwrap_or_default())?;
        self.at += number.text.len();
        Ok(number)
    }

    /// Reads one value of any kind, all of it checked.
    pub(crate) fn skip_value(&mut self) -> Result<(), Broken> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => self.skip_object(),
            b'[' => self.skip_array(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number().map(drop),
        }
    }

    fn skip_object(&mut self) -> Result<(), Broken> {
        self.enter()?;
        if !self.take(b'}')? {
            loop {
                if self.peek()? != b'"' {
                    return Err(Broken);
                }
                self.string()?;
                self.expect(b':')?;
                self.skip_value()?;
                if !self.take(b',')? {
                    break;
                }
            }
            self.expect(b'}')?;
        }
        self.leave();
        Ok(())
    }

    /// What is skipped takes no rows, so its arrays may have any length.
    fn skip_array(&mut self) -> Result<(), Broken> {
        self.enter()?;
        if !self.take(b']')? {
            loop {
                self.skip_value()?;
                if !self.take(b',')? {
                    break;
                }
            }
            self.expect(b']')?;
        }
        self.leave();
        Ok(())
    }
}

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The first byte at or after `at` that ends a run of plain string bytes: a quote, a backslash, a
/// control character, or the end of the text. Eight bytes a step.
#[inline]
fn plain_end(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        // A byte's high bit is set where it is found; false hits only stand above a true one.
        let zero_in = |word: u64| word.wrapping_sub(EACH) & !word;
        let quote = zero_in(word ^ (EACH * u64::from(b'"')));
        let backslash = zero_in(word ^ (EACH * u64::from(b'\\')));
        let control = word.wrapping_sub(EACH * 0x20) & !word;
        let found = (quote | backslash | control) & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = text.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// The byte after the escape that begins at `at`.
fn escape_end(text: &[u8], at: usize) -> Result<usize, Broken> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match text.get(at + 2..at + 6) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
            _ => Err(Broken),
        },
        _ => Err(Broken),
    }
}
