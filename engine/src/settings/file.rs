//! The configuration file: TOML, in which each setting takes a value of its own kind only.

use std::path::Path;

use toml::Value;

use super::load::{Loaded, names, near, put, unknown};
use super::table::{SETTINGS, Setting, SettingKind};

/// Reads the file's settings over those that are loaded. False where the file is no TOML, so that
/// what it holds isn't known.
pub(super) fn read_file(
    loaded: &mut Loaded,
    path: &Path,
    text: &str,
    faults: &mut Vec<String>,
) -> bool {
    let place = path.display().to_string();
    let document: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(e) => {
            let line = e
                .span()
                .map_or(1, |s| 1 + text[..s.start].matches('\n').count());
            faults.push(format!(
                "{place}:{line}: {}; a text stands in quotes: name = \"value\"",
                e.message().replace('\n', " ")
            ));
            return false;
        }
    };
    for (section, content) in &document {
        match content {
            _ if !is_section(section) => faults.push(unknown_section(section, content, &place)),
            Value::Table(entries) => {
                for (name, value) in entries {
                    put_value(loaded, &format!("{section}.{name}"), value, &place, faults);
                }
            }
            _ => faults.push(format!(
                "{place}: {section} is a section; write [{section}], and its settings below it"
            )),
        }
    }
    true
}

fn is_section(name: &str) -> bool {
    SETTINGS
        .iter()
        .any(|s| s.name.split_once('.').is_some_and(|(of, _)| of == name))
}

fn unknown_section(name: &str, content: &Value, place: &str) -> String {
    if !content.is_table() {
        return unknown(name, place, names());
    }
    let sections = names().filter_map(|n| n.split_once('.').map(|(of, _)| of.to_owned()));
    match near(name, sections) {
        Some(near) => format!("{place}: there is no section [{name}]; did you mean [{near}]?"),
        None => {
            format!("{place}: there is no section [{name}]; docs/configuration.md lists them all")
        }
    }
}

fn put_value(
    loaded: &mut Loaded,
    name: &str,
    value: &Value,
    place: &str,
    faults: &mut Vec<String>,
) {
    let Some(setting) = SETTINGS.iter().find(|s| s.name == name) else {
        faults.push(unknown(name, place, names()));
        return;
    };
    match (setting.kind, value) {
        (SettingKind::Text | SettingKind::Path | SettingKind::Secret, Value::String(text)) => {
            put(loaded, setting, text, place, faults);
        }
        (SettingKind::Number { .. }, Value::Integer(number)) => {
            put(loaded, setting, &number.to_string(), place, faults);
        }
        (SettingKind::Map, Value::Table(entries)) => {
            for (name, value) in entries {
                put_entries(loaded, setting, name.clone(), value, place, faults);
            }
        }
        (kind, value) => {
            let takes = match kind {
                SettingKind::Text | SettingKind::Path | SettingKind::Secret => "a text in quotes",
                SettingKind::Number { .. } => "a whole number without quotes",
                SettingKind::Map => "a table of names and texts",
            };
            faults.push(format!(
                "{name} (from {place}): takes {takes}, not {}",
                what(value)
            ));
        }
    }
}

/// Puts one entry of a table of names and texts. TOML reads `security.protocol = "ssl"` as a table
/// within the table: its names are joined again.
fn put_entries(
    loaded: &mut Loaded,
    setting: &Setting,
    name: String,
    value: &Value,
    place: &str,
    faults: &mut Vec<String>,
) {
    match value {
        Value::String(text) => loaded.put_entry(setting, &name, text),
        Value::Integer(_) | Value::Boolean(_) => {
            loaded.put_entry(setting, &name, &value.to_string());
        }
        Value::Table(entries) => {
            for (below, value) in entries {
                put_entries(
                    loaded,
                    setting,
                    format!("{name}.{below}"),
                    value,
                    place,
                    faults,
                );
            }
        }
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) => faults.push(format!(
            "{} (from {place}): {name} takes a text in quotes, not {}",
            setting.name,
            what(value)
        )),
    }
}

/// A value's kind in words; never the value, which may be a secret.
fn what(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date or time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::PathBuf;

    use crate::settings::load::{Layers, load};

    fn read(text: &str) -> Result<super::Loaded, Vec<String>> {
        load(&Layers {
            file: Some((
                PathBuf::from("/etc/headwater/headwater.toml"),
                text.to_owned(),
            )),
            ..Layers::default()
        })
    }

    #[test]
    fn a_file_that_is_no_toml_names_its_line() {
        let faults = read("[kafka]\nbrokers = \n").unwrap_err();
        assert!(
            faults[0].starts_with("/etc/headwater/headwater.toml:2:"),
            "{faults:?}"
        );
    }

    #[test]
    fn each_kind_of_setting_refuses_values_of_another() {
        let cases = [
            (
                "[kafka]\nbrokers = [\"a:1\"]",
                "kafka.brokers",
                "a text in quotes, not a list",
            ),
            (
                "[storage]\nurl = 5",
                "storage.url",
                "a text in quotes, not a number",
            ),
            (
                "[flight]\nlisten = true",
                "flight.listen",
                "a text in quotes, not true or false",
            ),
            (
                "[flight]\npassword = 12345",
                "flight.password",
                "a text in quotes, not a number",
            ),
            (
                "[query]\nthreads = \"2\"",
                "query.threads",
                "a whole number without quotes, not a text",
            ),
            (
                "[query]\nthreads = 1.5",
                "query.threads",
                "not a number with a fraction",
            ),
            (
                "[sql]\nvariables = \"a=1\"",
                "sql.variables",
                "a table of names and texts, not a text",
            ),
            (
                "[sql.folder]\nname = \"x\"",
                "sql.folder",
                "a text in quotes, not a table",
            ),
            (
                "[kafka.properties]\nsecurity.protocol = [\"ssl\"]",
                "kafka.properties",
                "security.protocol takes a text in quotes, not a list",
            ),
        ];
        for (text, name, takes) in cases {
            let faults = read(text).unwrap_err();
            assert!(
                faults
                    .iter()
                    .any(|f| f.starts_with(name) && f.contains(takes)),
                "{text}: {faults:?}"
            );
            assert!(!faults.join("").contains("12345"), "{faults:?}");
            let missing = format!("{name} is missing");
            assert!(!faults.join("").contains(&missing), "{faults:?}");
        }
    }

    #[test]
    fn a_dotted_name_without_quotes_is_one_name() {
        let text = "[kafka]\nbrokers = \"a:1\"\n[storage]\nurl = \"/data\"\n\
                    [kafka.properties]\nsecurity.protocol = \"ssl\"\n\
                    \"ssl.ca.location\" = \"ca.pem\"\nfetch.wait.max.ms = 7\n\
                    check.crcs = false\n";
        let properties = read(text).unwrap().map("kafka.properties");
        let expected = [
            ("check.crcs", "false"),
            ("fetch.wait.max.ms", "7"),
            ("security.protocol", "ssl"),
            ("ssl.ca.location", "ca.pem"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(properties, expected.into());
    }

    #[test]
    fn an_unknown_section_is_named_once_with_the_near_one() {
        let faults = read("[kafak]\nbrokers = \"a:1\"\ngroup = \"b\"\n").unwrap_err();
        let about: Vec<_> = faults.iter().filter(|f| f.contains("kafak")).collect();
        assert_eq!(about.len(), 1, "{faults:?}");
        assert!(
            about[0].ends_with("there is no section [kafak]; did you mean [kafka]?"),
            "{about:?}"
        );
        let faults = read("kafka = \"a:1\"").unwrap_err();
        assert!(faults.join("").contains("write [kafka]"), "{faults:?}");
    }
}
