//! What is wrong with a person's Kafka settings, in words that name the property and the remedy.

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::KafkaSettings;
use super::native::property_names;
use super::settings::{ELSEWHERE, FIXED, INTERNAL};

/// Every fault, in the order of the properties.
pub(super) fn faults(settings: &KafkaSettings) -> Vec<String> {
    let mut faults = Vec::new();
    if settings.brokers.trim().is_empty() {
        faults.push("`kafka.brokers` is empty: name at least one `host:port`".to_owned());
    }
    if settings.group.trim().is_empty() {
        faults.push(
            "`kafka.group` is empty: name the group whose offsets lag tools shall show".to_owned(),
        );
    }
    faults.extend(
        settings
            .properties
            .iter()
            .filter_map(|(name, value)| fault(name, value)),
    );
    faults
}

fn fault(name: &str, value: &str) -> Option<String> {
    if let Some((_, setting)) = ELSEWHERE.iter().find(|(property, _)| *property == name) {
        return Some(format!("kafka property `{name}`: use `{setting}` instead"));
    }
    if INTERNAL.contains(&name) {
        return Some(format!(
            "kafka property `{name}` is headwater's own: remove it"
        ));
    }
    if let Some((_, fixed, why)) = FIXED.iter().find(|(property, ..)| *property == name) {
        return (value != *fixed)
            .then(|| format!("kafka property `{name}` must stay `{fixed}` ({why}): remove it"));
    }
    let mut alone = ClientConfig::new();
    alone.set(name, value);
    match alone.create_native_config() {
        Ok(_) => None,
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
            Some(unknown(name))
        }
        Err(KafkaError::ClientConfig(_, reason, ..)) if !is_secret(name) => {
            Some(format!("kafka property `{name}`: {}", lower(&reason)))
        }
        Err(_) => Some(format!("kafka property `{name}`: not a valid value")),
    }
}

fn unknown(name: &str) -> String {
    match nearest(name, &property_names()) {
        Some(near) => {
            format!("kafka property `{name}` is unknown to librdkafka: did you mean `{near}`?")
        }
        None => format!(
            "kafka property `{name}` is unknown to librdkafka: see its CONFIGURATION.md for names"
        ),
    }
}

fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.as_str())
}

/// librdkafka repeats the value in its reason, so these are never quoted.
fn is_secret(name: &str) -> bool {
    ["password", "secret", "key", "jaas", "token", "pem"]
        .iter()
        .any(|part| name.contains(part))
}

fn lower(reason: &str) -> String {
    let mut chars = reason.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
