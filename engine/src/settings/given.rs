//! What the layers give, until a setting of that name takes it.

use std::collections::BTreeMap;

use common::near_name::near;
use toml::{Table, Value};

use super::file;
use super::layers::Layers;
use super::setting::{Setting, environment_name};

/// One value as a layer gives it.
pub(super) enum Given {
    /// From the file, where a value has a kind.
    Typed(Value),
    /// From the environment or a flag.
    Text(String),
}

/// All values that no setting has taken yet.
pub(super) struct Givens {
    file: Table,
    file_place: String,
    environment: BTreeMap<String, String>,
    flags: Vec<(String, String)>,
    /// False where the file is no TOML, so that what it holds isn't known.
    pub(super) is_readable: bool,
}

impl Givens {
    /// What the layers give, with the faults of what cannot be read at all.
    pub(super) fn new(layers: &Layers) -> (Self, Vec<String>) {
        let mut faults = Vec::new();
        let mut givens = Self {
            file: Table::new(),
            file_place: String::new(),
            environment: layers.variables().0,
            flags: Vec::new(),
            is_readable: true,
        };
        if let Some((path, text)) = &layers.file {
            givens.file_place = path.display().to_string();
            match file::parse(path, text) {
                Ok(file) => givens.file = file,
                Err(fault) => {
                    givens.is_readable = false;
                    faults.push(fault);
                }
            }
        }
        for flag in &layers.flags {
            match flag.split_once('=') {
                Some((name, text)) => givens.flags.push((name.to_owned(), text.to_owned())),
                None => faults.push(format!("--set {flag}: expected section.name=value")),
            }
        }
        (givens, faults)
    }

    /// Takes what is given to a setting, weakest first, each with its place. One that takes a table
    /// of names and texts is given flags of `section.name.key=text`, too.
    pub(super) fn take(&mut self, name: &str, is_table: bool) -> Vec<(String, Given)> {
        let mut taken = Vec::new();
        if let Some((section, name)) = name.split_once('.')
            && let Some(Value::Table(entries)) = self.file.get_mut(section)
            && let Some(value) = entries.remove(name)
        {
            taken.push((self.file_place.clone(), Given::Typed(value)));
        }
        if let Some(text) = self.environment.remove(&environment_name(name)) {
            taken.push(("the environment".to_owned(), Given::Text(text)));
        }
        let key = |flag: &str| {
            let key = flag.strip_prefix(name)?.strip_prefix('.')?;
            is_table.then(|| key.to_owned())
        };
        let is_own = |flag: &mut (String, String)| flag.0 == name || key(&flag.0).is_some();
        for (flag, text) in self.flags.extract_if(.., is_own) {
            let given = match key(&flag) {
                None => Given::Text(text),
                Some(key) => {
                    let entry = (key, Value::String(text));
                    Given::Typed(Value::Table(Table::from_iter([entry])))
                }
            };
            taken.push(("--set".to_owned(), given));
        }
        taken
    }

    /// A fault for each name that no setting took.
    pub(super) fn unknown(&self, declared: &[Setting]) -> Vec<String> {
        let documented = declared.iter().filter(|s| s.doc.is_some());
        let names: Vec<&str> = documented.map(|s| s.name).collect();
        let variables: Vec<String> = names.iter().map(|name| environment_name(name)).collect();
        let file = &self.file_place;
        let mut faults = Vec::new();
        for (name, content) in &self.file {
            let is_section = declared.iter().any(|s| section(s.name) == name);
            match content {
                Value::Table(entries) if is_section => {
                    let entries = entries.keys().map(|entry| format!("{name}.{entry}"));
                    faults.extend(entries.map(|name| no_setting(file, &name, &names)));
                }
                Value::Table(_) => {
                    let near = near(name, names.iter().map(|name| section(name)));
                    let remedy = remedy(near.map(|near| format!("[{near}]")));
                    faults.push(format!("{file}: there is no section [{name}]; {remedy}"));
                }
                _ if is_section => faults.push(format!(
                    "{file}: {name} is a section; write [{name}], and its settings below it"
                )),
                _ => faults.push(no_setting(file, name, &names)),
            }
        }
        let environment = self.environment.keys();
        faults.extend(environment.map(|name| no_setting("the environment", name, &variables)));
        let flags = self.flags.iter();
        faults.extend(flags.map(|(name, _)| no_setting("--set", name, &names)));
        faults
    }
}

/// The section of a setting's name.
fn section(name: &str) -> &str {
    name.split_once('.').map_or("", |(section, _)| section)
}

fn no_setting(place: &str, name: &str, known: &[impl AsRef<str>]) -> String {
    let near = near(name, known.iter().map(AsRef::as_ref));
    let remedy = remedy(near.map(str::to_owned));
    format!("{place}: there is no setting {name}; {remedy}")
}

fn remedy(near: Option<String>) -> String {
    match near {
        Some(near) => format!("did you mean {near}?"),
        None => "docs/configuration.md lists them all".to_owned(),
    }
}
