//! `headwater check`: plans the SQL folder without running it.

use std::collections::BTreeMap;

use crate::cli::CheckArgs;
use crate::failure::{Failure, Outcome};
use crate::settings::read_settings;

/// Runs the command.
pub fn run(args: &CheckArgs) -> Outcome {
    let (folder, mut variables) = match &args.config {
        Some(config) => {
            let settings = read_settings(config, &args.set)?;
            (settings.sql.folder, settings.sql.variables)
        }
        // The command line asks for one of the two.
        None => (args.sql.clone().unwrap_or_default(), BTreeMap::new()),
    };
    for pair in &args.variable {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Failure::invalid(vec![format!("--variable {pair}: expected name=value")])
        })?;
        variables.insert(name.to_owned(), value.to_owned());
    }
    let configuration = engine::check(&folder, &variables).map_err(Failure::invalid)?;
    println!(
        "{}: {} sources, {} dimensions, {} tables, {} pipelines, {} metrics; configuration {}",
        folder.display(),
        configuration.sources.len(),
        configuration.dimensions.len(),
        configuration.tables.len(),
        configuration.pipelines.len(),
        configuration.views.len(),
        configuration.hash,
    );
    Ok(())
}
