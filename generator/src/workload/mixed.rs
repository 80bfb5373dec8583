//! Mixed records: good and bad elements together, each with an outcome of its own.

use rand::Rng;

use super::conduct::Conduct;
use super::draft::Draft;
use super::element::Wanted;
use super::population::Handset;
use super::record::Record;
use super::sent::SentElement;
use super::stamps;
use super::stream::Workload;
use crate::defect::Defect;
use crate::fact::{Fact, Name};

/// A record in the making.
struct Mix {
    body: String,
    separator: &'static str,
    drafts: Vec<Draft>,
    withheld: Vec<Fact>,
    /// Handsets whose first event is in it, and credits their own channel.
    first: Vec<Handset>,
    /// First events that go into records of their own.
    apart: Vec<SentElement>,
    /// The handset of the last element: often the next one comes from it, too.
    last: Option<Handset>,
}

impl Mix {
    fn push(&mut self, sent: SentElement) {
        self.body.push_str(&sent.json);
        self.drafts.push(sent.draft);
    }

    fn separate(&mut self) {
        if !self.drafts.is_empty() {
            self.body.push_str(self.separator);
        }
    }
}

impl Workload {
    /// A record whose elements each have an outcome of their own; the first one shows a forced
    /// defect.
    pub(super) fn mixed(
        &mut self,
        forced: Option<Defect>,
        now_ms: i64,
        elements_max: usize,
    ) -> Record {
        let drawn = self.rng.random_range(self.profile.elements.clone());
        let count = drawn.min(elements_max).max(1);
        let spaced = self.rng.random_bool(0.02);
        let mut mix = Mix {
            body: std::mem::take(&mut self.plain),
            separator: if spaced { " ,\n  " } else { "," },
            drafts: Vec::with_capacity(count),
            withheld: Vec::new(),
            first: Vec::new(),
            apart: Vec::new(),
            last: None,
        };
        mix.body.clear();
        mix.body.push('[');
        let mut forced = forced;
        while mix.drafts.len() < count {
            mix.separate();
            self.add(&mut mix, forced.take(), now_ms, count);
        }
        mix.body.push(']');
        let record = self.sealed(&mix.body, &mix.drafts, mix.withheld, now_ms, None);
        self.plain = mix.body;
        for sent in mix.apart {
            self.queue_alone(sent, now_ms, record.partition);
        }
        for handset in mix.first {
            self.maybe_move_later(handset, now_ms, record.partition);
        }
        record
    }

    /// Adds one element, or two that tie.
    fn add(&mut self, mix: &mut Mix, forced: Option<Defect>, now_ms: i64, count: usize) {
        if self.wants_duplicate(forced)
            && let Some(draft) = self.duplicate(&mut mix.body)
        {
            mix.drafts.push(draft);
            return;
        }
        let new = self.population.is_empty()
            || (forced.is_none() && self.rng.random_bool(self.profile.new_device_share));
        if forced == Some(Defect::Tie) || (new && self.rng.random_bool(self.profile.tie_share)) {
            self.add_tie(mix, now_ms, count);
        } else if new {
            let conduct = Conduct::draw(&self.profile, false, &mut self.rng);
            self.add_first(mix, conduct, now_ms);
        } else {
            let conduct = match forced {
                Some(defect) => Conduct::forced(defect),
                None => Conduct::draw(&self.profile, true, &mut self.rng),
            };
            self.add_returning(mix, conduct, now_ms);
        }
    }

    fn add_tie(&mut self, mix: &mut Mix, now_ms: i64, count: usize) {
        let handset = self.bring(now_ms, &mut mix.withheld);
        let (one, other) = self.tied(&handset, now_ms);
        let beside = mix.drafts.len() + 1 < count && self.rng.random_bool(0.5);
        mix.push(one);
        if beside {
            mix.separate();
            mix.push(other);
        } else {
            mix.apart.push(other);
        }
        mix.last = Some(handset);
    }

    fn add_first(&mut self, mix: &mut Mix, conduct: Conduct, now_ms: i64) {
        let handset = self.bring(now_ms, &mut mix.withheld);
        let wanted = Wanted::first(&handset, conduct);
        let draft = self.element(&mut mix.body, now_ms, wanted);
        mix.drafts.push(draft);
        if conduct.is_creditable() {
            mix.first.push(handset.clone());
        }
        mix.last = Some(handset);
    }

    fn add_returning(&mut self, mix: &mut Mix, conduct: Conduct, now_ms: i64) {
        let same = mix.last.take_if(|_| self.rng.random_bool(0.4));
        let Some(handset) =
            same.or_else(|| self.population.returning(&self.catalog, &mut self.rng))
        else {
            // Every handset so far is withheld.
            return self.add_first(mix, conduct, now_ms);
        };
        let wanted = Wanted {
            first: false,
            ..Wanted::first(&handset, conduct)
        };
        let draft = self.element(&mut mix.body, now_ms, wanted);
        mix.drafts.push(draft);
        mix.last = Some(handset);
    }

    /// Makes a handset; those that must be withheld are booked instead, until one need not be.
    fn bring(&mut self, now_ms: i64, withheld: &mut Vec<Fact>) -> Handset {
        loop {
            let (handset, withhold) = self.population.create(&self.catalog);
            if !withhold {
                return handset;
            }
            let mut unsent = String::new();
            let wanted = Wanted {
                sent: false,
                ..Wanted::first(&handset, Conduct::default())
            };
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
            let conduct = Conduct {
                no_event_id: no_id,
                ..Conduct::default()
            };
            let draft = self.element(
                &mut json,
                now_ms,
                Wanted {
                    channel,
                    stamps: Some(stamps),
                    event_id: same_id.clone(),
                    ..Wanted::first(handset, conduct)
                },
            );
            SentElement { json, draft }
        };
        (write(None), write(Some(other_channel)))
    }

    /// Queues an element as a record of its own with the same Kafka timestamp elsewhere.
    fn queue_alone(&mut self, sent: SentElement, received_ms: i64, beside: i32) {
        let body = format!("[{}]", sent.json);
        let elsewhere = self.partition_other_than(beside);
        let record = self.sealed(
            &body,
            &[sent.draft],
            Vec::new(),
            received_ms,
            Some(elsewhere),
        );
        self.queued.push_back(record);
    }
}
