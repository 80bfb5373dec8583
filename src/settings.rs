//! Reading the settings of a command: file, environment, flags.

use std::path::Path;

use engine::settings::{Layers, Settings, read};

use crate::failure::{Failure, Outcome};

/// Reads the settings. All faults come at once, before anything is touched: a wrong Kafka property
/// must not cost the server that is running its storage.
pub fn read_settings(file: &Path, flags: &[String]) -> Outcome<Settings> {
    let text = std::fs::read_to_string(file).map_err(|e| {
        Failure::invalid(vec![format!(
            "configuration file {}: {e}; name it with --config, docs/configuration.md says what \
             stands in it",
            file.display()
        )])
    })?;
    let layers = Layers {
        file: Some((file.to_path_buf(), text)),
        environment: Layers::process_environment(),
        flags: flags.to_vec(),
    };
    read(&layers).map_err(Failure::invalid)
}
