//! Declares a setting while it is read, and collects what is wrong, so that all faults come at once.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::Value;

use super::file::{joined, kind};
use super::given::{Given, Givens};
use super::layers::Layers;
use super::setting::{Setting, environment_name};

/// Reads settings by the names that it declares them under: none can be read that isn't declared, and
/// what is left in the end is unknown. A value that is wrong or missing is a fault, and the default,
/// or an empty value, stands in for it.
pub(super) struct Reader {
    givens: Givens,
    folder: PathBuf,
    declared: Vec<Setting>,
    wrong: Vec<String>,
    missing: Vec<String>,
    unusable: Vec<String>,
}

impl Reader {
    pub(super) fn new(layers: &Layers) -> Self {
        let (givens, wrong) = Givens::new(layers);
        Self {
            givens,
            folder: layers.folder(),
            declared: Vec::new(),
            wrong,
            missing: Vec::new(),
            unusable: Vec::new(),
        }
    }

    /// A text that must be given; None where it isn't.
    pub(super) fn required(&mut self, name: &'static str, doc: &'static str) -> Option<String> {
        self.declare(name, "text", "must be given", Some(doc));
        let wrong_before = self.wrong.len();
        let text = self.take_text(name);
        // One that is given and wrong has its fault already.
        let is_wrong = self.wrong.len() > wrong_before;
        if text.is_none() && !is_wrong && self.givens.is_readable {
            self.missing.push(format!(
                "{name} is missing: {doc} Set it in the configuration file, as {} or with --set",
                environment_name(name)
            ));
        }
        text
    }

    /// Any text.
    pub(super) fn text(
        &mut self,
        name: &'static str,
        default: &'static str,
        doc: &'static str,
    ) -> String {
        self.declare(name, "text", quoted(default), Some(doc));
        self.take_text(name).unwrap_or_else(|| default.to_owned())
    }

    /// A text that is never shown.
    pub(super) fn secret(&mut self, name: &'static str, doc: &'static str) -> Option<String> {
        self.declare(name, "secret text", "none", Some(doc));
        self.take_text(name)
    }

    /// A text for tests of the engine itself, which the documentation leaves out.
    pub(super) fn hidden(&mut self, name: &'static str) -> Option<String> {
        self.declare(name, "text", "none", None);
        self.take_text(name)
    }

    /// A path; a relative one is below the configuration file's folder.
    pub(super) fn path(
        &mut self,
        name: &'static str,
        default: &'static str,
        doc: &'static str,
    ) -> PathBuf {
        self.declare(name, "path", quoted(default), Some(doc));
        let path = self.take_text(name);
        self.below_file(path.as_deref().unwrap_or(default))
    }

    /// A path without a default.
    pub(super) fn optional_path(
        &mut self,
        name: &'static str,
        doc: &'static str,
    ) -> Option<PathBuf> {
        self.declare(name, "path", "none", Some(doc));
        self.take_text(name).map(|path| self.below_file(&path))
    }

    /// A whole number within limits.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        limits: RangeInclusive<u64>,
        default: u64,
        doc: &'static str,
    ) -> u64 {
        let (min, max) = (limits.start(), limits.end());
        let value = if *max == u64::MAX {
            format!("number from {min}")
        } else {
            format!("{min}–{max}")
        };
        self.declare(name, value, quoted(default), Some(doc));
        let mut number = default;
        let default = ("the defaults".to_owned(), Given::Text(default.to_string()));
        let given = self.givens.take(name, false);
        for (place, given) in std::iter::once(default).chain(given) {
            let read = match given {
                Given::Text(text) => within(&text, &limits),
                Given::Typed(Value::Integer(number)) => within(&number.to_string(), &limits),
                Given::Typed(other) => Err(takes("a whole number without quotes", &other)),
            };
            match read {
                Ok(read) => number = read,
                Err(why) => self.refuse(name, &place, &why),
            }
        }
        number
    }

    /// A number of things in memory.
    pub(super) fn size(
        &mut self,
        name: &'static str,
        limits: RangeInclusive<u64>,
        default: u64,
        doc: &'static str,
    ) -> usize {
        usize::try_from(self.number(name, limits, default, doc)).unwrap_or(usize::MAX)
    }

    /// A time in milliseconds.
    pub(super) fn ms(
        &mut self,
        name: &'static str,
        limits: RangeInclusive<u64>,
        default: u64,
        doc: &'static str,
    ) -> Duration {
        Duration::from_millis(self.number(name, limits, default, doc))
    }

    /// A table of names and texts.
    pub(super) fn table(
        &mut self,
        name: &'static str,
        doc: &'static str,
    ) -> BTreeMap<String, String> {
        self.declare(name, "names and texts", "none", Some(doc));
        let mut table = BTreeMap::new();
        for (place, given) in self.givens.take(name, true) {
            match given {
                Given::Text(text) => match pairs(&text) {
                    Ok(pairs) => table.extend(pairs),
                    Err(why) => self.refuse(name, &place, &why),
                },
                Given::Typed(Value::Table(entries)) => {
                    for (key, value) in joined(entries) {
                        match value {
                            Value::String(text) => drop(table.insert(key, text)),
                            Value::Integer(_) | Value::Boolean(_) => {
                                table.insert(key, value.to_string());
                            }
                            other => {
                                let why = format!("{key} {}", takes("a text in quotes", &other));
                                self.refuse(name, &place, &why);
                            }
                        }
                    }
                }
                Given::Typed(other) => {
                    self.refuse(name, &place, &takes("a table of names and texts", &other));
                }
            }
        }
        table
    }

    /// A path as it is meant: a relative one is below the configuration file's folder.
    pub(super) fn below_file(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Adds what is wrong with values that were read: told after all that cannot be read.
    pub(super) fn add_faults(&mut self, faults: impl IntoIterator<Item = String>) {
        self.unusable.extend(faults);
    }

    /// What was declared, in that order.
    pub(super) fn declared(&self) -> &[Setting] {
        &self.declared
    }

    /// Every fault, each naming the setting, where it stands and what to do.
    pub(super) fn faults(self) -> Vec<String> {
        let unknown = self.givens.unknown(&self.declared);
        [self.wrong, unknown, self.missing, self.unusable].concat()
    }

    fn declare(
        &mut self,
        name: &'static str,
        value: impl Into<String>,
        default: impl Into<String>,
        doc: Option<&'static str>,
    ) {
        self.declared.push(Setting {
            name,
            value: value.into(),
            default: default.into(),
            doc,
        });
    }

    /// The text of the strongest layer that gives one.
    fn take_text(&mut self, name: &str) -> Option<String> {
        let mut text = None;
        for (place, given) in self.givens.take(name, false) {
            match given {
                Given::Text(given) | Given::Typed(Value::String(given)) => text = Some(given),
                Given::Typed(other) => {
                    self.refuse(name, &place, &takes("a text in quotes", &other));
                }
            }
        }
        text
    }

    fn refuse(&mut self, name: &str, place: &str, why: &str) {
        self.wrong.push(format!("{name} (from {place}): {why}"));
    }
}

fn quoted(default: impl Display) -> String {
    format!("`{default}`")
}

fn takes(what: &str, given: &Value) -> String {
    format!("takes {what}, not {}", kind(given))
}

fn within(text: &str, limits: &RangeInclusive<u64>) -> Result<u64, String> {
    match text.replace('_', "").parse() {
        Ok(number) if limits.contains(&number) => Ok(number),
        Ok(number) => {
            let (min, max) = (limits.start(), limits.end());
            Err(format!("{number} is not between {min} and {max}"))
        }
        Err(_) => Err(format!("{text:?} is not a whole number")),
    }
}

/// The entries of `name=text,name=text`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let pairs = text.split(',').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            pair.split_once('=')
                .map(|(name, text)| (name.trim().to_owned(), text.trim().to_owned()))
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| format!("{pair:?} is not name=value"))
        })
        .collect()
}
