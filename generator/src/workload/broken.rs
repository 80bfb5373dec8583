//! Broken records: those that have one outcome as a whole.

use rand::Rng;

use super::conduct::Conduct;
use super::elements::Wanted;
use super::record::Record;
use super::stream::Workload;
use crate::defect::Defect;
use crate::fact::{Fact, Reason};

impl Workload {
    /// A record that has one outcome as a whole.
    pub(super) fn broken(&mut self, defect: Defect, now_ms: i64) -> Record {
        self.defects.note(defect);
        let mut body = String::from("[");
        for at in 0..self.rng.random_range(self.profile.elements.clone()).max(1) {
            if at > 0 {
                body.push(',');
            }
            if let Some(handset) = self.population.returning(&self.catalog, &mut self.rng) {
                let good = Wanted::first(&handset, Conduct::default());
                self.element(
                    &mut body,
                    now_ms,
                    Wanted {
                        first: false,
                        sent: false,
                        ..good
                    },
                );
            } else {
                body.push_str("{\"app_key\":\"ak-browser-01\"}");
            }
        }
        body.push(']');
        let gzip = self.rng.random_bool(self.profile.gzip_share);
        let mut seal = |body: &str, gzip, defect| {
            self.sealer
                .seal(body.as_bytes(), gzip, now_ms - 40, defect, &mut self.rng)
        };
        let (value, reason) = match defect {
            Defect::UnknownKey => (Some(seal(&body, gzip, Some(defect))), Reason::UnknownKey),
            Defect::WrongTag
            | Defect::TruncatedNonce
            | Defect::PayloadNotBase64
            | Defect::BrokenGzip => (Some(seal(&body, gzip, Some(defect))), Reason::CannotDecrypt),
            Defect::NullValue => (None, Reason::Malformed),
            Defect::EmptyValue => (Some(Vec::new()), Reason::Malformed),
            Defect::EnvelopeNotJson => {
                let mut value = seal(&body, gzip, None);
                match self.records_made % 3 {
                    0 => value.truncate(value.len() / 2),
                    1 => value.insert(0, b'<'),
                    _ => value = b"\xff\xfe not text at all \x00".to_vec(),
                }
                (Some(value), Reason::Malformed)
            }
            Defect::EnvelopeWrongType => {
                let values: [&[u8]; 5] = [b"[1,2]", b"\"m7\"", b"42", b"null", b"[]"];
                let value = values[(self.records_made % 5) as usize].to_vec();
                (Some(value), Reason::Malformed)
            }
            Defect::DeepNesting if self.records_made.is_multiple_of(2) => {
                let mut value = b"{\"pkv\":7,\"key_id\":".to_vec();
                value.extend(std::iter::repeat_n(b'[', 5_000));
                (Some(value), Reason::Malformed)
            }
            Defect::DeepNesting => {
                let nested = if self.records_made % 4 == 1 {
                    "["
                } else {
                    "[{\"a\":"
                };
                (
                    Some(seal(&nested.repeat(5_000), gzip, None)),
                    Reason::Malformed,
                )
            }
            Defect::BodyTruncated => {
                let mut cut = body.len() - 1 - self.rng.random_range(0..body.len() / 2);
                while !body.is_char_boundary(cut) {
                    cut -= 1;
                }
                (
                    Some(self.sealer.seal(
                        &body.as_bytes()[..cut],
                        gzip,
                        now_ms - 40,
                        None,
                        &mut self.rng,
                    )),
                    Reason::Malformed,
                )
            }
            Defect::BodyWrongType => {
                let text = ["{\"app_key\":\"ak-browser-01\"}", "\"[]\"", "12", "true"]
                    [(self.records_made % 4) as usize];
                (Some(seal(text, gzip, None)), Reason::Malformed)
            }
            Defect::BodyNull => (Some(seal("null", gzip, None)), Reason::Malformed),
            _ => (Some(seal("[]", gzip, None)), Reason::Malformed),
        };
        self.record(value, vec![Fact::dead_letter(-1, reason)], now_ms, None)
    }
}
