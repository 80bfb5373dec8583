//! What is wrong with a person's Kafka settings, in words that name the property and the remedy.

use std::collections::BTreeMap;

use common::host_port::host_and_port;
use common::near_name::near;
use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

use super::native::property_names;
use super::own_properties::{ELSEWHERE, FIXED, INTERNAL};

/// Every fault, in the order of the properties.
pub(super) fn faults(
    brokers: &str,
    group: &str,
    properties: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut faults = Vec::new();
    faults.extend(broker_fault(brokers));
    if group.trim().is_empty() {
        faults.push(
            "`kafka.group` is empty: name the group whose offsets lag tools shall show".to_owned(),
        );
    }
    faults.extend(
        properties
            .iter()
            .filter_map(|(name, value)| fault(name, value)),
    );
    faults
}

/// librdkafka only logs what it can't read of the list, and waits.
fn broker_fault(brokers: &str) -> Option<String> {
    if brokers.trim().is_empty() {
        return Some("`kafka.brokers` is empty: name at least one `host:port`".to_owned());
    }
    let wrong = brokers.split(',').find(|broker| !is_address(broker))?;
    Some(format!(
        "`kafka.brokers` has {wrong:?}, which is no `host:port`: separate brokers by commas, like \
         `kafka1:9092,kafka2:9092`"
    ))
}

/// A host and perhaps a port, with one of Kafka's protocols before it, if any.
fn is_address(broker: &str) -> bool {
    let broker = broker.trim();
    let address = match broker.split_once("://") {
        None => broker,
        Some((protocol, address)) => {
            let known = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
            if !known.contains(&protocol.to_ascii_lowercase().as_str()) {
                return false;
            }
            address
        }
    };
    host_and_port(address).is_some_and(|(host, port)| {
        port != Some(0) && !host.contains(|c: char| c.is_whitespace() || c == '/')
    })
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
    match near(name, property_names().iter().map(String::as_str)) {
        Some(near) => {
            format!("kafka property `{name}` is unknown to librdkafka: did you mean `{near}`?")
        }
        None => format!(
            "kafka property `{name}` is unknown to librdkafka: see its CONFIGURATION.md for names"
        ),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_that_nobody_can_reach_are_a_fault() {
        for good in [
            "a:9092",
            "a",
            "a:1, b:2",
            "[::1]:9092",
            "[::1]",
            "SASL_SSL://kafka.example:9093",
            "127.0.0.1:9092",
        ] {
            assert_eq!(broker_fault(good), None, "{good}");
        }
        for (wrong, named) in [
            (" ", "empty"),
            (",,", "\"\""),
            ("a:1,", "\"\""),
            ("http://a:1", "http://a:1"),
            ("a:b", "a:b"),
            ("a:0", "a:0"),
            ("a:1;b:2", "a:1;b:2"),
            ("a b:1", "a b:1"),
            ("::1", "::1"),
        ] {
            let told = broker_fault(wrong).unwrap_or_default();
            assert!(told.contains(named), "{wrong}: {told}");
        }
    }
}
