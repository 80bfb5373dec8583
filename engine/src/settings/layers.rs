//! The layers that settings come from: a configuration file, the environment, flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
                (setting && !COMMAND_VARIABLES.contains(&name.as_str())) || is_of_s3(name)
            })
            .collect()
    }

    /// The environment's settings, and its variables that say how S3 is reached.
    pub(super) fn variables(&self) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let environment = self.environment.clone().into_iter();
        environment.partition(|(name, _)| !is_of_s3(name))
    }

    /// The folder that relative paths are below.
    pub(super) fn folder(&self) -> PathBuf {
        let file = self.file.as_ref().and_then(|(path, _)| path.parent());
        file.map(Path::to_path_buf).unwrap_or_default()
    }
}

fn is_of_s3(variable: &str) -> bool {
    variable.starts_with("AWS_")
}
