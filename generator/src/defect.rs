//! The defects that the workload makes on purpose, with a counter for each.

macro_rules! defects {
    ($($variant:ident => $name:literal, $doc:literal;)*) => {
        /// One kind of defect, or of traffic that is easily counted wrongly.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Defect {
            $(#[doc = $doc] $variant,)*
        }

        impl Defect {
            /// Every kind, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The kind's name in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

defects! {
    EnvelopeNotJson => "envelope not JSON", "The value is cut off or isn't JSON at all.";
    EnvelopeWrongType => "envelope of another type", "The value is JSON, but no object.";
    EmptyValue => "empty value", "A Kafka value of no bytes.";
    NullValue => "null value", "No Kafka value.";
    DeepNesting => "deep nesting", "Thousands of opening brackets, in the envelope or in the plaintext.";
    BodyTruncated => "plaintext cut off", "The plaintext ends within the array.";
    BodyWrongType => "plaintext of another type", "The plaintext is JSON, but no array.";
    BodyNull => "plaintext null", "The plaintext is `null`.";
    EmptyArray => "empty array", "The plaintext is `[]`.";
    UnknownKey => "unknown key", "A key id that is in no key file.";
    OlderKey => "older key", "Sealed under a key that isn't the current one: keys rotate, and old clients keep theirs.";
    WrongTag => "wrong tag", "The tag doesn't belong to the ciphertext.";
    TruncatedNonce => "truncated nonce", "The payload ends within the nonce.";
    PayloadNotBase64 => "payload not base64", "The payload isn't base64 text.";
    BrokenGzip => "broken gzip", "The plaintext begins as gzip, and its stream is damaged.";
    NullElement => "null element", "`null` in place of an event.";
    NonObjectElement => "element of another type", "A number, a string or a list in place of an event.";
    UnknownApp => "unknown app_key", "An application of no product among good events.";
    MissingAppKey => "missing app_key", "No application at all.";
    WrongTypedTime => "wrong-typed time", "Text or an object in place of the client's stamp.";
    WrongTypedChannel => "wrong-typed channel", "Text in place of the channel's object.";
    WrongTypedApp => "wrong-typed app", "A list in place of the application's object.";
    WrongTypedDevice => "wrong-typed device", "Text in place of the device's object.";
    ZeroImei => "degenerate id: zeros", "`000000000000000`.";
    ZeroUuid => "degenerate id: zero UUID", "An all-zero UUID, with and without braces.";
    PlaceholderMac => "degenerate id: placeholder MAC", "`02:00:00:00:00:00`.";
    EmulatorId => "degenerate id: emulator", "`9774d56d682e549c`.";
    DigestOfNothing => "degenerate id: md5 of nothing", "`d41d8cd98f00b204e9800998ecf8427e`.";
    NullText => "degenerate id: null as text", "`null` in any case.";
    UnknownText => "degenerate id: unknown as text", "`unknown` in any case.";
    EmptyId => "degenerate id: empty", "An empty id, or nothing but punctuation.";
    NoId => "no id", "Neither an oaid nor an android id.";
    DegenerateOaid => "degenerate oaid, good android id", "The android id decides.";
    UpperCaseId => "id in upper case", "The same device in another case.";
    PunctuatedId => "id punctuated otherwise", "The same device without dashes, in braces or with colons.";
    PaddedId => "id with blanks", "The same device with blanks around its id.";
    NoEventId => "no event id", "The tie comes from the element's bytes.";
    Duplicate => "duplicate event", "An event sent again in another record.";
    DuplicateRecord => "duplicate record", "A record sent again, byte for byte.";
    Late => "late", "Created more than 30 minutes before it was received.";
    SkewedClock => "clock wrong, corrected", "Both stamps are wrong by the same amount, more than 5 minutes.";
    WrongClock => "clock wrong, not corrected", "Only the client's stamp, outside the window.";
    IncoherentStamps => "stamps that contradict", "The two stamps give an instant outside the window.";
    WindowEdge => "edge of the clock window", "At 72 h or 5 min to the millisecond, or one beyond.";
    NoSendTime => "no send time", "Only the client's stamp, within the window.";
    NoTime => "no time", "No stamp of creation.";
    Backdated => "backdated by 70 h", "A client that hopes to take devices over.";
    Tie => "tie across channels", "Two first events of a device with equal received and event time.";
    MovedCredit => "moved credit", "An earlier Kafka timestamp, another channel, sent later.";
    Reinstall => "reinstall through another channel", "Changes nothing.";
    Upgrade => "upgrade through another channel", "Changes nothing.";
    TestTraffic => "test traffic", "Kept, never in the ledger.";
    UnknownChannel => "unknown channel", "Counted under its raw name.";
    NoChannel => "no channel", "Organic: no channel object, or a null id.";
}

/// How often each kind was made.
#[derive(Clone, Debug)]
pub struct DefectCounts([u64; Defect::ALL.len()]);

impl Default for DefectCounts {
    fn default() -> Self {
        Self([0; Defect::ALL.len()])
    }
}

impl DefectCounts {
    pub(crate) fn note(&mut self, defect: Defect) {
        self.0[defect as usize] += 1;
    }

    /// How often one kind was made.
    pub fn of(&self, defect: Defect) -> u64 {
        self.0[defect as usize]
    }

    /// Every kind with its count.
    pub fn all(&self) -> Vec<(Defect, u64)> {
        Defect::ALL
            .iter()
            .map(|&defect| (defect, self.of(defect)))
            .collect()
    }

    /// The kinds that never came up.
    pub fn missing(&self) -> Vec<Defect> {
        Defect::ALL
            .iter()
            .copied()
            .filter(|&defect| self.of(defect) == 0)
            .collect()
    }
}
