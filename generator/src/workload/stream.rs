//! The stream: makes record after record, the same ones for the same seed and the same instants.

use std::collections::VecDeque;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::conduct::Conduct;
use super::draft::{Draft, Said};
use super::element::{Element, push_hex};
use super::identity;
use super::plan::{MALFORMED, Plan, UNDECRYPTABLE};
use super::population::{EarlierRun, Handset, Population, mix};
use super::record::Record;
use super::seal::Sealer;
use super::stamps::{self, LATE_MS, Stamps};
use crate::catalog::Catalog;
use crate::clock::US_PER_MS;
use crate::defect::{Defect, DefectCounts};
use crate::device::{Device, mobile_device};
use crate::fact::{Fact, Name, Reason, RecordFacts};
use crate::keys::Keys;
use crate::profile::Profile;
use crate::tie;

/// What decides a workload, apart from the clock.
#[derive(Clone, Debug)]
pub struct Seeding {
    /// The seed.
    pub seed: u64,
    /// The run's number in its books, from 1: handsets and event ids of two runs differ.
    pub run: u32,
    /// Earlier runs, whose handsets are known and return.
    pub earlier: Vec<EarlierRun>,
    /// How many first activations are booked and not sent.
    pub withhold: u32,
}

impl Seeding {
    /// A first run with nothing withheld.
    pub fn new(seed: u64) -> Self {
        Self { seed, run: 1, earlier: Vec::new(), withhold: 0 }
    }
}

/// An event that may be sent again.
struct SentElement {
    json: String,
    draft: Draft,
}

/// A record that may be sent again.
struct SentRecord {
    value: Vec<u8>,
    drafts: Vec<Draft>,
    received_ms: i64,
}

/// A first event whose credit will be moved.
struct FirstEvent {
    handset: Handset,
    received_ms: i64,
    partition: i32,
    records_made: u64,
}

/// An endless stream of records.
pub struct Workload {
    profile: Profile,
    catalog: Catalog,
    partitions: i32,
    rng: ChaCha8Rng,
    plan: Plan,
    population: Population,
    sealer: Sealer,
    defects: DefectCounts,
    event_id_root: u64,
    event_ids_made: u64,
    records_made: u64,
    sent_elements: VecDeque<SentElement>,
    sent_records: VecDeque<SentRecord>,
    to_move: VecDeque<FirstEvent>,
    queued: VecDeque<Record>,
    plain: String,
}

/// How many sent elements and records are remembered for duplicates.
const REMEMBERED: usize = 64;
/// A credit is moved this long after the first event was received, or so many records later.
const MOVE_AFTER_MS: i64 = 2_500;
const MOVE_AFTER_RECORDS: u64 = 5_000;

/// How an element comes about; what isn't given is drawn.
struct Wanted<'a> {
    handset: &'a Handset,
    first: bool,
    conduct: Conduct,
    channel: Option<Name>,
    stamps: Option<Stamps>,
    event_id: Option<String>,
}

impl Workload {
    /// Starts a workload over so many partitions.
    pub fn new(profile: Profile, keys: &Keys, seeding: Seeding, partitions: i32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seeding.seed);
        rng.set_stream(u64::from(seeding.run));
        let own = EarlierRun {
            run: seeding.run,
            seed: seeding.seed,
            devices: 0,
            withheld: seeding.withhold,
        };
        Self {
            plan: Plan::new(&profile, &mut rng),
            profile,
            catalog: Catalog::default(),
            partitions: partitions.max(1),
            population: Population::new(own, seeding.earlier),
            sealer: Sealer::new(keys),
            defects: DefectCounts::default(),
            event_id_root: mix(seeding.seed ^ mix(u64::from(seeding.run))),
            event_ids_made: 0,
            records_made: 0,
            sent_elements: VecDeque::new(),
            sent_records: VecDeque::new(),
            to_move: VecDeque::new(),
            queued: VecDeque::new(),
            plain: String::new(),
            rng,
        }
    }

    /// Products and channels.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// How often each kind of defect was made.
    pub fn defects(&self) -> &DefectCounts {
        &self.defects
    }

    /// How many handsets this run has made.
    pub fn devices_made(&self) -> u64 {
        self.population.own_count()
    }

    /// The next record, received at an instant; a plain one has at most so many elements.
    pub fn next(&mut self, now_ms: i64, elements_max: usize) -> Record {
        if let Some(record) = self.queued.pop_front() {
            return record;
        }
        self.records_made += 1;
        if self.to_move.front().is_some_and(|first| self.is_due(first, now_ms))
            && let Some(first) = self.to_move.pop_front()
        {
            return self.moved(&first);
        }
        let defect = self.plan.next(&self.profile, &mut self.rng);
        match defect {
            Some(Defect::MovedCredit) => match self.to_move.pop_front() {
                Some(first) => return self.moved(&first),
                None => self.plan.later(Defect::MovedCredit),
            },
            Some(Defect::DuplicateRecord) => match self.again(now_ms) {
                Some(record) => return record,
                None => self.plan.later(Defect::DuplicateRecord),
            },
            Some(defect)
                if MALFORMED.contains(&defect)
                    || UNDECRYPTABLE.contains(&defect)
                    || defect == Defect::UnknownKey =>
            {
                return self.broken(defect, now_ms);
            }
            _ => {}
        }
        self.plain(defect, now_ms, elements_max)
    }

    fn is_due(&self, first: &FirstEvent, now_ms: i64) -> bool {
        now_ms - first.received_ms >= MOVE_AFTER_MS
            || self.records_made - first.records_made >= MOVE_AFTER_RECORDS
    }

    /// A record whose elements each have an outcome of their own.
    fn plain(&mut self, forced: Option<Defect>, now_ms: i64, elements_max: usize) -> Record {
        let count = self.rng.random_range(self.profile.elements.clone()).min(elements_max).max(1);
        let mut body = std::mem::take(&mut self.plain);
        body.clear();
        body.push('[');
        let separator = if self.rng.random_bool(0.02) { " ,\n  " } else { "," };
        let mut drafts = Vec::with_capacity(count + 1);
        let mut withheld = Vec::new();
        let mut first_events = Vec::new();
        let mut ties = Vec::new();
        let mut forced = forced;
        let mut last: Option<Handset> = None;
        while drafts.len() < count {
            if !drafts.is_empty() {
                body.push_str(separator);
            }
            let forced = forced.take();
            if self.wants_duplicate(forced)
                && let Some(draft) = self.duplicate(&mut body)
            {
                drafts.push(draft);
                continue;
            }
            let is_tie = forced == Some(Defect::Tie);
            let is_new = is_tie
                || self.population.is_empty()
                || (forced.is_none() && self.rng.random_bool(self.profile.new_device_share));
            if is_new {
                let handset = self.bring(now_ms, &mut withheld);
                let tie = is_tie || self.rng.random_bool(self.profile.tie_share);
                if tie {
                    let beside = drafts.len() + 1 < count && self.rng.random_bool(0.5);
                    let (one, other) = self.tied(&handset, now_ms);
                    drafts.push(self.append(&mut body, one));
                    if beside {
                        body.push_str(separator);
                        drafts.push(self.append(&mut body, other));
                    } else {
                        ties.push(other);
                    }
                } else {
                    let conduct = Conduct::draw(&self.profile, false, &mut self.rng);
                    drafts.push(self.element(&mut body, now_ms, Wanted {
                        handset: &handset,
                        first: true,
                        conduct,
                        channel: None,
                        stamps: None,
                        event_id: None,
                    }));
                    if conduct.is_creditable() {
                        first_events.push(handset.clone());
                    }
                }
                last = Some(handset);
                continue;
            }
            let same = last.take_if(|_| self.rng.random_bool(0.4));
            let Some(handset) =
                same.or_else(|| self.population.returning(&self.catalog, &mut self.rng))
            else {
                // Every handset so far is withheld: make another one.
                let handset = self.bring(now_ms, &mut withheld);
                last = Some(handset.clone());
                let conduct = forced.map(Conduct::forced).unwrap_or_default();
                drafts.push(self.element(&mut body, now_ms, Wanted::first(&handset, conduct)));
                continue;
            };
            let conduct = match forced {
                Some(defect) => Conduct::forced(defect),
                None => Conduct::draw(&self.profile, true, &mut self.rng),
            };
            drafts.push(self.element(&mut body, now_ms, Wanted {
                first: false,
                ..Wanted::first(&handset, conduct)
            }));
            last = Some(handset);
        }
        body.push(']');
        let record = self.sealed(&body, &drafts, withheld, now_ms, None);
        self.plain = body;
        for other in ties {
            self.queue_alone(other, now_ms, record.partition);
        }
        for handset in first_events {
            self.maybe_move_later(handset, now_ms, record.partition);
        }
        record
    }

    /// Makes a handset; those that must be withheld are booked instead, until one need not be.
    fn bring(&mut self, now_ms: i64, withheld: &mut Vec<Fact>) -> Handset {
        loop {
            let (handset, withhold) = self.population.create(&self.catalog);
            if !withhold {
                return handset;
            }
            let mut unsent = String::new();
            let wanted = Wanted::first(&handset, Conduct::default());
            let draft = self.element(&mut unsent, now_ms, wanted);
            withheld.push(draft.fact(0, now_ms));
        }
    }

    /// Two first events of a handset through two channels with equal stamps.
    fn tied(&mut self, handset: &Handset, now_ms: i64) -> (SentElement, SentElement) {
        self.defects.note(Defect::Tie);
        let stamps = stamps::stamps(now_ms, None, &mut self.rng);
        let same_id = self.rng.random_bool(0.1).then(|| self.event_id());
        let no_id = same_id.is_none() && self.rng.random_bool(0.1);
        let other_channel = self.other_channel(handset);
        let mut write = |channel: Option<Name>| {
            let mut json = String::new();
            let draft = self.element(&mut json, now_ms, Wanted {
                handset,
                first: true,
                conduct: Conduct { no_event_id: no_id, ..Conduct::default() },
                channel,
                stamps: Some(stamps),
                event_id: same_id.clone(),
            });
            SentElement { json, draft }
        };
        (write(None), write(Some(other_channel)))
    }

    fn append(&mut self, body: &mut String, sent: SentElement) -> Draft {
        body.push_str(&sent.json);
        sent.draft
    }

    /// Queues an element as a record of its own with the same Kafka timestamp elsewhere.
    fn queue_alone(&mut self, sent: SentElement, received_ms: i64, beside: i32) {
        let body = format!("[{}]", sent.json);
        let elsewhere = self.partition_other_than(beside);
        let record = self.sealed(&body, &[sent.draft], Vec::new(), received_ms, Some(elsewhere));
        self.queued.push_back(record);
    }

    fn maybe_move_later(&mut self, handset: Handset, received_ms: i64, partition: i32) {
        let early = self.population.own_count() <= 12;
        if early || self.rng.random_bool(self.profile.moved_share) {
            let records_made = self.records_made;
            self.to_move.push_back(FirstEvent { handset, received_ms, partition, records_made });
        }
    }

    /// A record that is sent later and was received earlier, through another channel.
    fn moved(&mut self, first: &FirstEvent) -> Record {
        self.defects.note(Defect::MovedCredit);
        let received_ms = first.received_ms - self.rng.random_range(1_000..60_000);
        let channel = Some(self.other_channel(&first.handset));
        let mut body = String::from("[");
        let wanted = Wanted { channel, ..Wanted::first(&first.handset, Conduct::default()) };
        let draft = self.element(&mut body, received_ms, wanted);
        body.push(']');
        let elsewhere = self.partition_other_than(first.partition);
        self.sealed(&body, &[draft], Vec::new(), received_ms, Some(elsewhere))
    }

    /// A record that was sent before, byte for byte, at times with its old timestamp.
    fn again(&mut self, now_ms: i64) -> Option<Record> {
        let at = (!self.sent_records.is_empty())
            .then(|| self.rng.random_range(0..self.sent_records.len()))?;
        self.defects.note(Defect::DuplicateRecord);
        let same_instant = self.rng.random_bool(0.3);
        let sent = self.sent_records.get(at)?;
        let received_ms = if same_instant { sent.received_ms } else { now_ms };
        let value = sent.value.clone();
        let facts = facts(&sent.drafts, received_ms);
        Some(self.record(Some(value), facts, received_ms, None))
    }

    fn wants_duplicate(&mut self, forced: Option<Defect>) -> bool {
        forced == Some(Defect::Duplicate)
            || (forced.is_none() && self.rng.random_bool(self.profile.duplicate_share))
    }

    /// Appends an event that was sent before.
    fn duplicate(&mut self, body: &mut String) -> Option<Draft> {
        if self.sent_elements.is_empty() {
            return None;
        }
        let at = self.rng.random_range(0..self.sent_elements.len());
        let sent = self.sent_elements.get(at)?;
        body.push_str(&sent.json);
        let draft = sent.draft.clone();
        self.defects.note(Defect::Duplicate);
        Some(draft)
    }

    /// A record that has one outcome as a whole.
    fn broken(&mut self, defect: Defect, now_ms: i64) -> Record {
        self.defects.note(defect);
        let mut body = String::from("[");
        for at in 0..self.rng.random_range(self.profile.elements.clone()).max(1) {
            if at > 0 {
                body.push(',');
            }
            if let Some(handset) = self.population.returning(&self.catalog, &mut self.rng) {
                let wanted = Wanted { first: false, ..Wanted::first(&handset, Conduct::default()) };
                self.element(&mut body, now_ms, wanted);
            } else {
                body.push_str("{\"app_key\":\"ak-browser-01\"}");
            }
        }
        body.push(']');
        let gzip = self.rng.random_bool(self.profile.gzip_share);
        let mut seal = |body: &str, gzip, defect| {
            self.sealer.seal(body.as_bytes(), gzip, now_ms - 40, defect, &mut self.rng)
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
                let nested = if self.records_made % 4 == 1 { "[" } else { "[{\"a\":" };
                (Some(seal(&nested.repeat(5_000), gzip, None)), Reason::Malformed)
            }
            Defect::BodyTruncated => {
                let mut cut = body.len() - 1 - self.rng.random_range(0..body.len() / 2);
                while !body.is_char_boundary(cut) {
                    cut -= 1;
                }
                (Some(self.sealer.seal(
                    &body.as_bytes()[..cut], gzip, now_ms - 40, None, &mut self.rng,
                )), Reason::Malformed)
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

    /// Writes one element, and drafts what must become of it.
    fn element(&mut self, out: &mut String, received_ms: i64, wanted: Wanted<'_>) -> Draft {
        let start = out.len();
        let Wanted { handset, conduct, .. } = wanted;
        conduct.count(&mut self.defects);
        match conduct.shape {
            Some(Defect::NullElement) => {
                out.push_str("null");
                return Draft::rejected(Reason::Malformed);
            }
            Some(Defect::NonObjectElement) => {
                out.push_str(["7", "\"text\"", "[{}]", "true"][self.rng.random_range(0..4)]);
                return Draft::rejected(Reason::Malformed);
            }
            _ => {}
        }
        let unknown_app = format!("ak-unknown-{:02}", self.records_made % 40);
        let app_key = match conduct.shape {
            Some(Defect::UnknownApp) => Some(unknown_app.as_str()),
            Some(Defect::MissingAppKey) => None,
            _ => Some(handset.app_key.as_str()),
        };
        let event = self.event_name(wanted.first, &conduct);
        let channel = match conduct.channel {
            _ if conduct.shape == Some(Defect::WrongTypedChannel) => None,
            Some(Defect::NoChannel) => None,
            Some(Defect::UnknownChannel) => Some(self.unknown_channel()),
            Some(Defect::Reinstall | Defect::Upgrade) => Some(self.other_channel(handset)),
            _ => Some(wanted.channel.unwrap_or_else(|| handset.channel.clone())),
        };
        let stamps = wanted
            .stamps
            .unwrap_or_else(|| stamps::stamps(received_ms, conduct.stamps, &mut self.rng));
        if stamps.delay_ms > LATE_MS && matches!(conduct.stamps, None | Some(Defect::Late)) {
            self.defects.note(Defect::Late);
        }
        let ids = identity::ids(handset, conduct.identity, &mut self.rng);
        let event_id = (!conduct.no_event_id)
            .then(|| wanted.event_id.unwrap_or_else(|| self.event_id()));
        let bytes = self.rng.random_range(self.profile.event_bytes.clone());
        Element {
            event_id: event_id.as_deref(),
            app_key,
            event,
            stamps,
            channel: channel.as_deref(),
            ids: &ids,
            look: handset.look,
            product: &handset.product,
            test: conduct.test,
            shape: conduct.shape,
        }
        .write(out, bytes, &mut self.rng);
        if matches!(conduct.shape, Some(Defect::UnknownApp | Defect::MissingAppKey)) {
            return Draft::rejected(Reason::UnknownAppKey);
        }
        let device = mobile_device(ids.oaid.as_deref(), ids.android_id.as_deref())
            .filter(|_| conduct.shape != Some(Defect::WrongTypedDevice))
            .and_then(|id| Device::parse(&id));
        let Some(device) = device else { return Draft::rejected(Reason::BadDeviceId) };
        let wrong_time = conduct.shape == Some(Defect::WrongTypedTime);
        let draft = Draft {
            verdict: Ok(Said {
                product: handset.product.clone(),
                device,
                channel,
                event,
                created: stamps.created.filter(|_| !wrong_time),
                sent: stamps.sent,
                tie: tie::tie(event_id.as_deref(), &out.as_bytes()[start..]),
                test: conduct.test,
            }),
        };
        if self.rng.random_bool(1.0 / 16.0) {
            let json = out[start..].to_owned();
            remember(&mut self.sent_elements, SentElement { json, draft: draft.clone() });
        }
        draft
    }

    fn event_name(&mut self, first: bool, conduct: &Conduct) -> &'static str {
        match conduct.channel {
            Some(Defect::Upgrade) => return "upgrade",
            Some(Defect::Reinstall) => return ["install", "activate"][self.rng.random_range(0..2)],
            _ => {}
        }
        let at = self.rng.random_range(0..100);
        match (first, at) {
            (true, 0..45) => "activate",
            (true, 45..70) => "install",
            (false, 0..4) => "upgrade",
            (false, 4..6) => "activate",
            _ => "launch",
        }
    }

    /// A channel other than the one that brought a handset.
    fn other_channel(&mut self, handset: &Handset) -> Name {
        loop {
            let application = self.catalog.application_at(self.rng.random(), 0.0);
            let channel = self.catalog.channel_at(application, self.rng.random());
            if *channel != handset.channel {
                return channel.clone();
            }
        }
    }

    /// A channel that nobody registered; some names need care in CSV, JSON and SQL.
    fn unknown_channel(&mut self) -> Name {
        match self.rng.random_range(0..8) {
            0 => Name::from("推广-北京"),
            1 => Name::from("o'brien, \"inc\""),
            n => Name::from(format!("unregistered-{}", n * 100 + self.rng.random_range(0..30))),
        }
    }

    fn event_id(&mut self) -> String {
        let mut id = String::with_capacity(20);
        let number = mix(self.event_id_root.wrapping_add(self.event_ids_made));
        push_hex(&mut id, number, 16);
        push_hex(&mut id, self.event_id_root, 4);
        self.event_ids_made += 1;
        id
    }

    fn partition_other_than(&mut self, partition: i32) -> i32 {
        if self.partitions == 1 {
            return 0;
        }
        (partition + self.rng.random_range(1..self.partitions)) % self.partitions
    }

    /// Seals a body of drafted elements.
    fn sealed(
        &mut self,
        body: &str,
        drafts: &[Draft],
        withheld: Vec<Fact>,
        received_ms: i64,
        partition: Option<i32>,
    ) -> Record {
        let gzip = self.rng.random_bool(self.profile.gzip_share);
        let flush_ms = received_ms - 40;
        let value = self.sealer.seal(body.as_bytes(), gzip, flush_ms, None, &mut self.rng);
        if self.rng.random_bool(1.0 / 32.0) {
            let (value, drafts) = (value.clone(), drafts.to_vec());
            remember(&mut self.sent_records, SentRecord { value, drafts, received_ms });
        }
        let mut facts = facts(drafts, received_ms);
        let withheld_count = withheld.len();
        facts.extend(withheld.into_iter().zip(drafts.len()..).map(|(fact, at)| Fact {
            element: at as i32,
            ..fact
        }));
        let record = self.record(Some(value), facts, received_ms, partition);
        Record { withheld: withheld_count, ..record }
    }

    fn record(
        &mut self,
        value: Option<Vec<u8>>,
        facts: Vec<Fact>,
        received_ms: i64,
        partition: Option<i32>,
    ) -> Record {
        let key = self.rng.random_bool(0.9).then(|| {
            let mut key = String::with_capacity(8);
            push_hex(&mut key, self.rng.random(), 8);
            key.into_bytes()
        });
        let headers = if self.rng.random_bool(0.01) {
            let collector = format!("collector-{}", self.records_made % 5);
            vec![("via".to_owned(), Some(collector.into_bytes())), ("empty".to_owned(), None)]
        } else {
            Vec::new()
        };
        let partition = partition.unwrap_or_else(|| self.rng.random_range(0..self.partitions));
        let received_us = received_ms * US_PER_MS;
        let facts = RecordFacts { received_us, facts };
        Record { key, value, headers, received_ms, partition, facts, withheld: 0 }
    }
}

impl<'a> Wanted<'a> {
    fn first(handset: &'a Handset, conduct: Conduct) -> Self {
        Self { handset, first: true, conduct, channel: None, stamps: None, event_id: None }
    }
}

fn facts(drafts: &[Draft], received_ms: i64) -> Vec<Fact> {
    drafts.iter().zip(0..).map(|(draft, at)| draft.fact(at, received_ms)).collect()
}

fn remember<T>(ring: &mut VecDeque<T>, item: T) {
    if ring.len() == REMEMBERED {
        ring.pop_front();
    }
    ring.push_back(item);
}
