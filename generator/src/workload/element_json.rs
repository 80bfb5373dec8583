//! One event as the mobile SDK writes it: JSON text, made without an intermediate tree.

use std::fmt::Write;

use rand::RngCore;
use rand_chacha::ChaCha8Rng;

use super::identity::Ids;
use super::stamps::Stamps;
use crate::defect::Defect;

/// What an event says. Borrowed, since it lives only until it is written.
pub(super) struct Element<'a> {
    pub(super) event_id: Option<&'a str>,
    pub(super) app_key: Option<&'a str>,
    pub(super) event: &'static str,
    pub(super) stamps: Stamps,
    pub(super) channel: Option<&'a str>,
    pub(super) ids: &'a Ids,
    pub(super) look: u64,
    pub(super) product: &'a str,
    pub(super) test: bool,
    /// A defect of a field's type, if any.
    pub(super) shape: Option<Defect>,
}

const MODELS: [(&str, &str); 8] = [
    ("HUAWEI", "ALN-AL00"),
    ("HONOR", "MAG-AN00"),
    ("OPPO", "PKB110"),
    ("vivo", "V2324A"),
    ("Xiaomi", "23127PN0CC"),
    ("Redmi", "23113RKC6C"),
    ("samsung", "SM-S9280"),
    ("OnePlus", "PJZ110"),
];

impl Element<'_> {
    /// Appends the event's JSON, padded to about `bytes` with fields that no pipeline asks for.
    pub(super) fn write(&self, out: &mut String, bytes: usize, rng: &mut ChaCha8Rng) {
        let start = out.len();
        out.push('{');
        if let Some(id) = self.event_id {
            text_field(out, "event_id", id);
        }
        if let Some(key) = self.app_key {
            text_field(out, "app_key", key);
        }
        text_field(out, "event", self.event);
        self.stamp_fields(out);
        self.channel_field(out);
        self.device_field(out);
        self.app_field(out);
        out.push_str(if self.test {
            "\"test\":true"
        } else {
            "\"test\":false"
        });
        pad(out, start, bytes, rng);
        out.push('}');
    }

    fn stamp_fields(&self, out: &mut String) {
        if self.shape == Some(Defect::WrongTypedTime) {
            out.push_str(match self.look % 3 {
                0 => "\"time\":\"yesterday\",",
                1 => "\"time\":{\"at\":1},",
                _ => "\"time\":[],",
            });
        } else if let Some(created) = self.stamps.created {
            number_field(out, "time", created);
        }
        if let Some(sent) = self.stamps.sent {
            number_field(out, "send_time", sent);
        }
    }

    fn channel_field(&self, out: &mut String) {
        if self.shape == Some(Defect::WrongTypedChannel) {
            out.push_str("\"channel\":\"huawei-store\",");
            return;
        }
        let Some(channel) = self.channel else {
            out.push_str(match self.look % 3 {
                0 => "",
                1 => "\"channel\":null,",
                _ => "\"channel\":{\"id\":null,\"sub\":\"s0\"},",
            });
            return;
        };
        out.push_str("\"channel\":{");
        text_field(out, "id", channel);
        let _ = write!(out, "\"sub\":\"s{}\"", self.look % 9);
        if self.look.is_multiple_of(4) {
            let _ = write!(out, ",\"click_id\":\"{:08x}\"", (self.look >> 8) as u32);
        }
        out.push_str("},");
    }

    fn device_field(&self, out: &mut String) {
        if self.shape == Some(Defect::WrongTypedDevice) {
            out.push_str("\"device\":\"a phone\",");
            return;
        }
        out.push_str("\"device\":{");
        if let Some(oaid) = &self.ids.oaid {
            text_field(out, "oaid", oaid);
        }
        if let Some(android_id) = &self.ids.android_id {
            text_field(out, "android_id", android_id);
        }
        let (brand, model) = MODELS[(self.look >> 4) as usize % MODELS.len()];
        let version = 9 + (self.look >> 12) % 8;
        let _ = write!(
            out,
            "\"model\":\"{model}\",\"brand\":\"{brand}\",\"os\":\"android\",\"os_ver\":\"{version}\"}},"
        );
    }

    fn app_field(&self, out: &mut String) {
        if self.shape == Some(Defect::WrongTypedApp) {
            out.push_str("\"app\":[1,2,3],");
            return;
        }
        let (major, minor) = (1 + (self.look >> 16) % 9, (self.look >> 20) % 30);
        let build = major * 1_000 + minor;
        let product = self.product;
        let _ = write!(
            out,
            "\"app\":{{\"ver\":\"{major}.{minor}\",\"build\":\"{build}\",\"pkg\":\"io.hw.{product}\"}},"
        );
    }
}

/// Session data behind the last field, up to a size.
fn pad(out: &mut String, start: usize, bytes: usize, rng: &mut ChaCha8Rng) {
    const FRAME: usize = 118;
    let so_far = out.len() - start;
    if so_far + FRAME > bytes {
        return;
    }
    out.push_str(
        ",\"ext\":{\"net\":\"wifi\",\"lang\":\"zh-CN\",\"screen\":{\"w\":1080,\"h\":2400},",
    );
    out.push_str("\"note\":\"\\u4f60\\u597d \\\"q\\\" \\\\ \u{597d}\",\"trace\":[\"");
    let mut missing = bytes.saturating_sub(out.len() - start + 4);
    let mut words = 0;
    while missing > 0 {
        let take = missing.min(16);
        push_hex(out, rng.next_u64(), take);
        missing -= take;
        words += 1;
        if words % 8 == 0 && missing > 16 {
            out.push_str("\",\"");
            missing -= 3;
        }
    }
    out.push_str("\"]}");
}

/// Appends the first `digits` hexadecimal digits of a number.
pub(super) fn push_hex(out: &mut String, bits: u64, digits: usize) {
    for at in 0..digits {
        let nibble = (bits >> (60 - 4 * at)) & 0xf;
        out.push(char::from(b"0123456789abcdef"[nibble as usize]));
    }
}

fn text_field(out: &mut String, name: &str, value: &str) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push_str("\",");
}

fn number_field(out: &mut String, name: &str, value: i64) {
    let _ = write!(out, "\"{name}\":{value},");
}
