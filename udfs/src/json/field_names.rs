//! The field that a key of an object stands for.

use super::broken::Broken;
use super::escape::unescape;
use super::reader::Reader;

/// Field names, with a guess for the next key: devices write their keys in one order, so what
/// followed a field in the object before will follow it again.
pub(crate) struct FieldNames {
    /// Each name between quotes, as a writer without a taste for escapes puts it.
    quoted: Vec<Box<[u8]>>,
    /// The field that came last after field `n - 1`; at 0, the first one.
    successors: Vec<usize>,
    scratch: Vec<u8>,
}

impl FieldNames {
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let quoted: Vec<_> = names
            .into_iter()
            .map(|name| format!("\"{name}\"").into_bytes().into_boxed_slice())
            .collect();
        Self {
            successors: (0..=quoted.len()).collect(),
            quoted,
            scratch: Vec::new(),
        }
    }

    /// Reads a key and its colon; the field that it names, if any. `previous` is one more than
    /// the field before, or 0.
    #[inline]
    pub(crate) fn read(
        &mut self,
        reader: &mut Reader,
        previous: usize,
    ) -> Result<Option<usize>, Broken> {
        if reader.peek()? != b'"' {
            return Err(Broken);
        }
        let guess = self.successors[previous];
        if let Some(quoted) = self.quoted.get(guess)
            && reader.take_bytes(quoted)
        {
            reader.expect(b':')?;
            return Ok(Some(guess));
        }
        let key = reader.string()?;
        let field = if key.escaped {
            self.scratch.clear();
            unescape(key.raw, &mut self.scratch)
                .ok()
                .and_then(|()| find(&self.quoted, &self.scratch))
        } else {
            find(&self.quoted, key.raw)
        };
        if let Some(field) = field {
            self.successors[previous] = field;
        }
        reader.expect(b':')?;
        Ok(field)
    }
}

fn find(quoted: &[Box<[u8]>], key: &[u8]) -> Option<usize> {
    quoted
        .iter()
        .position(|name| name.len() == key.len() + 2 && &name[1..name.len() - 1] == key)
}
