//! One element: its event drawn, written, and drafted.

use rand::Rng;

use super::conduct::Conduct;
use super::draft::{Draft, Said};
use super::element_json::{Element, push_hex};
use super::identity;
use super::population::{Handset, mix};
use super::sent::{SentElement, keep};
use super::stamps::{self, LATE_MS, Stamps};
use super::stream::Workload;
use crate::defect::Defect;
use crate::device::{Device, mobile_device};
use crate::fact::{Name, Reason};
use crate::tie;

/// How an element comes about; what isn't given is drawn.
pub(super) struct Wanted<'a> {
    pub(super) handset: &'a Handset,
    pub(super) first: bool,
    pub(super) conduct: Conduct,
    pub(super) channel: Option<Name>,
    pub(super) stamps: Option<Stamps>,
    pub(super) event_id: Option<String>,
    /// Whether a record will carry it, so that it may be sent again.
    pub(super) sent: bool,
}

impl<'a> Wanted<'a> {
    pub(super) fn first(handset: &'a Handset, conduct: Conduct) -> Self {
        Self {
            handset,
            first: true,
            conduct,
            channel: None,
            stamps: None,
            event_id: None,
            sent: true,
        }
    }
}

impl Workload {
    /// Writes one element, and drafts what must become of it.
    pub(super) fn element(
        &mut self,
        out: &mut String,
        received_ms: i64,
        wanted: Wanted<'_>,
    ) -> Draft {
        let start = out.len();
        let Wanted {
            handset, conduct, ..
        } = wanted;
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
        let event_id =
            (!conduct.no_event_id).then(|| wanted.event_id.unwrap_or_else(|| self.event_id()));
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
        if matches!(
            conduct.shape,
            Some(Defect::UnknownApp | Defect::MissingAppKey)
        ) {
            return Draft::rejected(Reason::UnknownAppKey);
        }
        let device = mobile_device(ids.oaid.as_deref(), ids.android_id.as_deref())
            .filter(|_| conduct.shape != Some(Defect::WrongTypedDevice))
            .and_then(|id| Device::parse(&id));
        let Some(device) = device else {
            return Draft::rejected(Reason::BadDeviceId);
        };
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
                has_event_id: event_id.is_some(),
                test: conduct.test,
            }),
        };
        if wanted.sent && self.rng.random_bool(1.0 / 16.0) {
            let json = out[start..].to_owned();
            keep(
                &mut self.sent_elements,
                SentElement {
                    json,
                    draft: draft.clone(),
                },
            );
        }
        draft
    }

    pub(super) fn event_name(&mut self, first: bool, conduct: &Conduct) -> &'static str {
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
    pub(super) fn other_channel(&mut self, handset: &Handset) -> Name {
        loop {
            let application = self.catalog.application_at(self.rng.random(), 0.0);
            let channel = self.catalog.channel_at(application, self.rng.random());
            if *channel != handset.channel {
                return channel.clone();
            }
        }
    }

    /// A channel that nobody registered; some names need care in CSV, JSON and SQL.
    pub(super) fn unknown_channel(&mut self) -> Name {
        match self.rng.random_range(0..8) {
            0 => Name::from("推广-北京"),
            1 => Name::from("o'brien, \"inc\""),
            n => Name::from(format!(
                "unregistered-{}",
                n * 100 + self.rng.random_range(0..30)
            )),
        }
    }

    pub(super) fn event_id(&mut self) -> String {
        let mut id = String::with_capacity(20);
        let number = mix(self.event_id_root.wrapping_add(self.event_ids_made));
        push_hex(&mut id, number, 16);
        push_hex(&mut id, self.event_id_root, 4);
        self.event_ids_made += 1;
        id
    }
}
