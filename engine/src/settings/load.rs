//! Merging the configuration file, the environment and flags into values, with all faults at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file::read_file;
use super::table::{SETTINGS, Setting, SettingKind};

/// Where settings come from, weakest first: defaults, file, environment, flags.
#[derive(Debug, Default, Clone)]
pub struct Layers {
    /// The configuration file's path and text.
    pub file: Option<(PathBuf, String)>,
    /// Environment variables whose name starts with `HEADWATER_`, which are settings, or with `AWS_`,
    /// which say how S3 is reached where the settings don't.
    pub environment: BTreeMap<String, String>,
    /// `section.name=value` from flags.
    pub flags: Vec<String>,
}

/// Variables that begin as settings do and are options of commands.
const COMMAND_VARIABLES: [&str; 2] = ["HEADWATER_URL", "HEADWATER_LOG"];

impl Layers {
    /// The layer `environment` as this process has it.
    pub fn process_environment() -> BTreeMap<String, String> {
        // What isn't Unicode must not end the process, and is checked as any other text.
        let text = |raw: std::ffi::OsString| raw.to_string_lossy().into_owned();
        std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .filter(|(name, _)| {
                let setting = name.starts_with("HEADWATER_");
                (setting && !COMMAND_VARIABLES.contains(&name.as_str())) || name.starts_with("AWS_")
            })
            .collect()
    }
}

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Map(BTreeMap<String, String>),
}

/// All settings with a value.
#[derive(Debug, Default, Clone)]
pub struct Loaded {
    values: BTreeMap<&'static str, Value>,
    s3_environment: BTreeMap<String, String>,
    base: PathBuf,
}

impl Loaded {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.values.get(name) {
            Some(Value::Text(t)) => Some(t.clone()),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> u64 {
        match self.values.get(name) {
            Some(Value::Number(n)) => *n,
            _ => 0,
        }
    }

    pub(super) fn map(&self, name: &str) -> BTreeMap<String, String> {
        match self.values.get(name) {
            Some(Value::Map(m)) => m.clone(),
            _ => BTreeMap::new(),
        }
    }

    pub(super) fn s3_environment(&self) -> BTreeMap<String, String> {
        self.s3_environment.clone()
    }

    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(|t| self.base.join(t))
    }

    /// A URL, or a path as in [`path`](Self::path).
    pub(super) fn location(&self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        if text.contains("://") {
            return Some(text);
        }
        Some(self.base.join(text).display().to_string())
    }

    /// Puts one name and its text into a table of names and texts.
    pub(super) fn put_entry(&mut self, setting: &Setting, name: &str, text: &str) {
        let entry = self
            .values
            .entry(setting.name)
            .or_insert_with(|| Value::Map(BTreeMap::new()));
        if let Value::Map(map) = entry {
            map.insert(name.to_owned(), text.to_owned());
        }
    }
}

/// Merges the layers. The error lists every fault, each naming the setting, where it stands and
/// what to do. [`read`](super::read()) finds faults that only several settings together have, too.
pub fn load(layers: &Layers) -> Result<Loaded, Vec<String>> {
    let (loaded, faults) = merge(layers);
    if faults.is_empty() {
        Ok(loaded)
    } else {
        Err(faults)
    }
}

/// Merges the layers as far as they can be, with every fault.
pub(super) fn merge(layers: &Layers) -> (Loaded, Vec<String>) {
    let mut faults = Vec::new();
    let mut loaded = Loaded::default();
    let mut is_readable = true;
    for setting in SETTINGS {
        if let Some(default) = setting.default {
            put(&mut loaded, setting, default, "the defaults", &mut faults);
        }
    }
    if let Some((path, text)) = &layers.file {
        loaded.base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        is_readable = read_file(&mut loaded, path, text, &mut faults);
    }
    for (name, value) in &layers.environment {
        if name.starts_with("AWS_") {
            loaded.s3_environment.insert(name.clone(), value.clone());
            continue;
        }
        let found = SETTINGS.iter().find(|s| environment_name(s) == *name);
        match found {
            Some(setting) => put(&mut loaded, setting, value, "the environment", &mut faults),
            None => faults.push(unknown(
                name,
                "the environment",
                SETTINGS.iter().filter(|s| !s.hidden).map(environment_name),
            )),
        }
    }
    for flag in &layers.flags {
        let Some((name, value)) = flag.split_once('=') else {
            faults.push(format!("--set {flag}: expected section.name=value"));
            continue;
        };
        put_dotted(&mut loaded, name, value, "--set", &mut faults);
    }
    for setting in SETTINGS.iter().filter(|s| s.required) {
        // One that is given and wrong has its fault already.
        let given = format!("{} (from", setting.name);
        let is_wrong = faults.iter().any(|fault| fault.starts_with(&given));
        if is_readable && !is_wrong && !loaded.values.contains_key(setting.name) {
            faults.push(format!(
                "{} is missing: {} Set it in the configuration file, as {} or with --set",
                setting.name,
                setting.doc,
                environment_name(setting)
            ));
        }
    }
    (loaded, faults)
}

fn environment_name(setting: &Setting) -> String {
    format!(
        "HEADWATER_{}",
        setting.name.replace('.', "_").to_uppercase()
    )
}

/// The names of the settings that are documented.
pub(super) fn names() -> impl Iterator<Item = String> {
    SETTINGS
        .iter()
        .filter(|s| !s.hidden)
        .map(|s| s.name.to_owned())
}

/// Puts `section.name` or, for a table of names and texts, `section.name.key`.
fn put_dotted(loaded: &mut Loaded, name: &str, value: &str, place: &str, faults: &mut Vec<String>) {
    if let Some(setting) = SETTINGS.iter().find(|s| s.name == name) {
        put(loaded, setting, value, place, faults);
        return;
    }
    let map = SETTINGS.iter().find_map(|s| {
        let key = name.strip_prefix(s.name)?.strip_prefix('.')?;
        (s.kind == SettingKind::Map).then_some((s, key))
    });
    match map {
        Some((setting, key)) => loaded.put_entry(setting, key, value),
        None => faults.push(unknown(name, place, names())),
    }
}

pub(super) fn put(
    loaded: &mut Loaded,
    setting: &Setting,
    text: &str,
    place: &str,
    faults: &mut Vec<String>,
) {
    let value = match setting.kind {
        SettingKind::Text | SettingKind::Path | SettingKind::Secret => {
            Ok(Value::Text(text.to_owned()))
        }
        SettingKind::Number { min, max } => match text.replace('_', "").parse::<u64>() {
            Ok(n) if (min..=max).contains(&n) => Ok(Value::Number(n)),
            Ok(n) => Err(format!("{n} is not between {min} and {max}")),
            Err(_) => Err(format!("{text:?} is not a whole number")),
        },
        SettingKind::Map => text
            .split(',')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                pair.split_once('=')
                    .filter(|(k, _)| !k.trim().is_empty())
                    .map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()))
                    .ok_or_else(|| format!("{pair:?} is not name=value"))
            })
            .collect::<Result<BTreeMap<_, _>, _>>()
            .map(Value::Map),
    };
    match value {
        Ok(Value::Map(more)) => {
            for (name, text) in &more {
                loaded.put_entry(setting, name, text);
            }
        }
        Ok(value) => {
            loaded.values.insert(setting.name, value);
        }
        Err(why) => faults.push(format!("{} (from {place}): {why}", setting.name)),
    }
}

/// The known name that somebody may have meant.
pub(super) fn near(name: &str, known: impl Iterator<Item = String>) -> Option<String> {
    known
        .map(|k| (strsim::damerau_levenshtein(&k, name), k))
        .min()
        .filter(|(distance, _)| *distance <= name.len() / 2)
        .map(|(_, near)| near)
}

pub(super) fn unknown(name: &str, place: &str, known: impl Iterator<Item = String>) -> String {
    match near(name, known) {
        Some(near) => {
            format!("{place}: there is no setting {name}; did you mean {near}?")
        }
        None => {
            format!("{place}: there is no setting {name}; docs/configuration.md lists them all")
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn layers(text: &str) -> Layers {
        Layers {
            file: Some((
                PathBuf::from("/etc/headwater/headwater.toml"),
                text.to_owned(),
            )),
            ..Layers::default()
        }
    }

    const GOOD: &str = "[kafka]\nbrokers = \"a:1\"\nproperties = { \"security.protocol\" = \"ssl\" }\n[storage]\nurl = \"/data\"\n";

    #[test]
    fn flags_outrank_the_environment_and_the_file() {
        let mut l = layers(GOOD);
        assert_eq!(load(&l).unwrap().text("kafka.brokers").unwrap(), "a:1");
        l.environment
            .insert("HEADWATER_KAFKA_BROKERS".into(), "b:1".into());
        assert_eq!(load(&l).unwrap().text("kafka.brokers").unwrap(), "b:1");
        l.flags.push("kafka.brokers=c:1".into());
        let loaded = load(&l).unwrap();
        assert_eq!(loaded.text("kafka.brokers").unwrap(), "c:1");
        assert_eq!(loaded.map("kafka.properties")["security.protocol"], "ssl");
        assert_eq!(
            loaded.path("sql.folder").unwrap(),
            Path::new("/etc/headwater/sql")
        );
    }

    #[test]
    fn a_relative_storage_folder_is_below_the_file_and_a_url_stays() {
        let location = |url: &str| {
            let mut l = layers(GOOD);
            l.flags.push(format!("storage.url={url}"));
            load(&l).unwrap().location("storage.url").unwrap()
        };
        assert_eq!(location("tables"), "/etc/headwater/tables");
        assert_eq!(location("/data"), "/data");
        assert_eq!(location("s3://bucket/prefix"), "s3://bucket/prefix");
    }

    #[test]
    fn all_faults_come_at_once_with_the_near_name() {
        let mut l = layers("[kafka]\nbroker = \"a:1\"\n[ingest]\nmicro_batch_ms = \"soon\"\n");
        l.environment
            .insert("HEADWATER_FLIGHT_LISTN".into(), "x".into());
        l.flags.push("query.threads=0".into());
        let faults = load(&l).unwrap_err();
        let all = faults.join("\n");
        assert!(
            all.contains("no setting kafka.broker; did you mean kafka.brokers?"),
            "{all}"
        );
        assert!(all.contains("ingest.micro_batch_ms"), "{all}");
        assert!(
            all.contains("did you mean HEADWATER_FLIGHT_LISTEN?"),
            "{all}"
        );
        assert!(
            all.contains("query.threads (from --set): 0 is not between 1 and 256"),
            "{all}"
        );
        assert!(all.contains("storage.url is missing"), "{all}");
    }

    #[test]
    fn a_file_that_is_no_toml_has_one_fault() {
        let faults = load(&layers("[kafka]\nbrokers = a:1\n")).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0].starts_with("/etc/headwater/headwater.toml:2: "),
            "{faults:?}"
        );
    }

    #[test]
    fn variables_of_s3_are_kept_and_are_no_settings() {
        let mut l = layers(GOOD);
        l.environment
            .insert("AWS_REGION".into(), "eu-west-1".into());
        assert_eq!(
            load(&l).unwrap().s3_environment()["AWS_REGION"],
            "eu-west-1"
        );
    }

    #[test]
    fn every_default_is_valid() {
        let defaults = load(&layers(GOOD)).unwrap();
        for setting in SETTINGS.iter().filter(|s| s.default.is_some()) {
            assert!(
                defaults.values.contains_key(setting.name),
                "{}",
                setting.name
            );
        }
    }
}
