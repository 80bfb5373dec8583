//! Broken records: those that have one outcome as a whole.

use rand::Rng;

use super::conduct::Conduct;
use super::element::Wanted;
use super::plan::UNDECRYPTABLE;
use super::record::Record;
use super::stream::Workload;
use crate::defect::Defect;
use crate::fact::{Fact, Reason};

/// Opening brackets of a record that is nested without end.
const DEPTH: usize = 5_000;

impl Workload {
    /// A record that has one outcome as a whole.
    pub(super) fn broken(&mut self, defect: Defect, now_ms: i64) -> Record {
        self.defects.note(defect);
        let reason = match defect {
            Defect::UnknownKey => Reason::UnknownKey,
            _ if UNDECRYPTABLE.contains(&defect) => Reason::CannotDecrypt,
            _ => Reason::Malformed,
        };
        let value = match defect {
            Defect::NullValue => None,
            Defect::EmptyValue => Some(Vec::new()),
            Defect::EnvelopeWrongType => {
                let values: [&[u8]; 5] = [b"[1,2]", b"\"m7\"", b"42", b"null", b"[]"];
                Some(values[self.variant(5)].to_vec())
            }
            Defect::EnvelopeNotJson => Some(self.no_json(now_ms)),
            Defect::DeepNesting if self.variant(2) == 0 => {
                let brackets = "[".repeat(DEPTH);
                Some(format!("{{\"pkv\":7,\"key_id\":{brackets}").into_bytes())
            }
            _ if reason == Reason::Malformed => {
                let body = self.malformed_body(defect, now_ms);
                Some(self.wrapped(&body, now_ms, None))
            }
            _ => {
                let body = self.good_body(now_ms);
                Some(self.wrapped(&body, now_ms, Some(defect)))
            }
        };
        self.record(value, vec![Fact::dead_letter(-1, reason)], now_ms, None)
    }

    /// A value that ends too early, begins too late, or is no text.
    fn no_json(&mut self, now_ms: i64) -> Vec<u8> {
        let body = self.good_body(now_ms);
        let mut value = self.wrapped(&body, now_ms, None);
        match self.variant(3) {
            0 => value.truncate(value.len() / 2),
            1 => value.insert(0, b'<'),
            _ => value = b"\xff\xfe not text at all \x00".to_vec(),
        }
        value
    }

    fn malformed_body(&mut self, defect: Defect, now_ms: i64) -> String {
        match defect {
            Defect::DeepNesting => ["[", "[{\"a\":"][self.variant(4) / 2].repeat(DEPTH),
            Defect::BodyTruncated => {
                let mut body = self.good_body(now_ms);
                let mut cut = body.len() - 1 - self.rng.random_range(0..body.len() / 2);
                while !body.is_char_boundary(cut) {
                    cut -= 1;
                }
                body.truncate(cut);
                body
            }
            Defect::BodyWrongType => {
                let texts = ["{\"app_key\":\"ak-browser-01\"}", "\"[]\"", "12", "true"];
                texts[self.variant(4)].to_owned()
            }
            Defect::BodyNull => "null".to_owned(),
            _ => "[]".to_owned(),
        }
    }

    /// The plaintext of a record that nothing is wrong with.
    fn good_body(&mut self, now_ms: i64) -> String {
        let mut body = String::from("[");
        for at in 0..self.rng.random_range(self.profile.elements.clone()).max(1) {
            if at > 0 {
                body.push(',');
            }
            let Some(handset) = self.population.returning(&self.catalog, &mut self.rng) else {
                body.push_str("{\"app_key\":\"ak-browser-01\"}");
                continue;
            };
            let wanted = Wanted {
                first: false,
                sent: false,
                ..Wanted::first(&handset, Conduct::default())
            };
            self.element(&mut body, now_ms, wanted);
        }
        body.push(']');
        body
    }

    fn wrapped(&mut self, body: &str, now_ms: i64, defect: Option<Defect>) -> Vec<u8> {
        let gzip = self.rng.random_bool(self.profile.gzip_share);
        let flush_ms = now_ms - 40;
        self.sealer
            .seal(body.as_bytes(), gzip, flush_ms, defect, &mut self.rng)
            .envelope
    }

    /// Which of so many variants of a defect comes next.
    fn variant(&self, count: u64) -> usize {
        (self.records_made % count) as usize
    }
}
