//! How Headwater talks to Kafka: brokers, a person's librdkafka properties, and the defaults below them.

use std::collections::BTreeMap;

use common::{EngineError, Result};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

use super::own_properties::FIXED;
use super::property_check;

/// Headwater's defaults where librdkafka's own would cost freshness, data or memory. A person's
/// properties override them.
///
/// - `fetch.queue.backoff.ms` is 1000 in librdkafka: once the queue was full, the next fetch waits a
///   second although the queue drains in a fraction of that.
/// - `queued.max.messages.kbytes` bounds the memory of the queue (with one fetch above it);
///   `queued.min.messages` is out of the way of small records.
/// - `fetch.wait.max.ms` is how long a broker may wait for `fetch.min.bytes`: it goes into freshness.
/// - `check.crcs`: ciphertext is authenticated anyway, keys, headers and offsets are not.
const DEFAULTS: &[(&str, &str)] = &[
    ("allow.auto.create.topics", "false"),
    ("check.crcs", "true"),
    ("fetch.error.backoff.ms", "100"),
    ("fetch.max.bytes", "67108864"),
    ("fetch.message.max.bytes", "8388608"),
    ("fetch.min.bytes", "65536"),
    ("fetch.queue.backoff.ms", "5"),
    ("fetch.wait.max.ms", "20"),
    ("queued.max.messages.kbytes", "262144"),
    ("queued.min.messages", "1000000"),
    ("receive.message.max.bytes", "134217728"),
    ("reconnect.backoff.max.ms", "2000"),
    ("socket.keepalive.enable", "true"),
    ("socket.receive.buffer.bytes", "4194304"),
    ("statistics.interval.ms", "0"),
    ("topic.metadata.refresh.interval.ms", "30000"),
];

/// Other names that librdkafka takes for a default's property.
const ALIASES: &[(&str, &str)] = &[("fetch.message.max.bytes", "max.partition.fetch.bytes")];

/// The `[kafka]` settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port` of some brokers, separated by commas.
    pub brokers: String,
    /// Any other property of librdkafka.
    pub properties: BTreeMap<String, String>,
    /// The consumer group under which offsets are written for lag tools. Nothing is read from it,
    /// and no membership is taken.
    pub group: String,
    /// The name under which brokers know this process.
    pub client_id: String,
}

impl KafkaSettings {
    /// These brokers, without further properties.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            properties: BTreeMap::new(),
            group: "headwater".to_owned(),
            client_id: "headwater".to_owned(),
        }
    }

    /// Every fault of the settings, each naming its property; none if they are usable.
    pub fn faults(&self) -> Vec<String> {
        property_check::faults(&self.brokers, &self.group, &self.properties)
    }

    /// librdkafka's configuration of a consumer.
    ///
    /// # Errors
    /// Of kind *invalid*, with all faults at once.
    pub fn consumer_config(&self) -> Result<ClientConfig> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(EngineError::invalid(faults.join("; ")));
        }
        let mut config = ClientConfig::new();
        for (name, value) in DEFAULTS {
            if !self.names_an_alias_of(name) {
                config.set(*name, *value);
            }
        }
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        for (name, value, _) in FIXED {
            config.set(*name, *value);
        }
        // A name and its older alias would fight: the plain name of the two is kept.
        config.remove("auto.commit.enable");
        config.set("bootstrap.servers", &self.brokers);
        config.set("group.id", &self.group);
        config.set("client.id", &self.client_id);
        config.set_log_level(if self.properties.contains_key("debug") {
            RDKafkaLogLevel::Debug
        } else {
            RDKafkaLogLevel::Info
        });
        Ok(config)
    }

    fn names_an_alias_of(&self, name: &str) -> bool {
        ALIASES
            .iter()
            .any(|(of, alias)| *of == name && self.properties.contains_key(*alias))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn with(properties: &[(&str, &str)]) -> KafkaSettings {
        let mut settings = KafkaSettings::new("localhost:9092");
        for (name, value) in properties {
            settings
                .properties
                .insert((*name).to_owned(), (*value).to_owned());
        }
        settings
    }

    #[test]
    fn every_default_is_a_property_that_librdkafka_accepts() {
        let config = with(&[]).consumer_config().unwrap();
        config.create_native_config().unwrap();
        assert_eq!(config.get("fetch.wait.max.ms"), Some("20"));
        assert_eq!(config.get("enable.auto.commit"), Some("false"));
    }

    #[test]
    fn a_property_of_a_person_overrides_a_default() {
        let config = with(&[("fetch.wait.max.ms", "7")])
            .consumer_config()
            .unwrap();
        assert_eq!(config.get("fetch.wait.max.ms"), Some("7"));
        assert_eq!(config.get("isolation.level"), Some("read_committed"));
    }

    #[test]
    fn all_faults_are_said_at_once_and_each_names_its_property() {
        let faults = with(&[
            ("fetch.wait.max.msec", "20"),
            ("fetch.min.bytes", "plenty"),
            ("enable.auto.commit", "true"),
            ("isolation.level", "read_uncommitted"),
            ("group.id", "mine"),
            ("sasl.password", "hush"),
        ])
        .faults();
        assert_eq!(faults.len(), 5, "{faults:?}");
        let said = faults.join("\n");
        assert!(said.contains("`fetch.wait.max.msec`"), "{said}");
        assert!(said.contains("did you mean `fetch.wait.max.ms`?"), "{said}");
        assert!(said.contains("`fetch.min.bytes`"), "{said}");
        assert!(
            said.contains("`enable.auto.commit` must stay `false`"),
            "{said}"
        );
        assert!(
            said.contains("`isolation.level` must stay `read_committed`"),
            "{said}"
        );
        assert!(said.contains("use `kafka.group`"), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }

    #[test]
    fn a_fixed_property_may_be_repeated_as_it_is() {
        assert_eq!(
            with(&[
                ("enable.auto.commit", "false"),
                ("auto.offset.reset", "error")
            ])
            .faults(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn brokers_and_group_must_be_named() {
        let mut settings = with(&[]);
        settings.brokers = " ".to_owned();
        settings.group = String::new();
        assert_eq!(settings.faults().len(), 2);
    }
}
