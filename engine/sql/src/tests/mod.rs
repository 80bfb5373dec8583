//! What the tests of the SQL folder share.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod folder_faults;
mod folders;
mod view_faults;

use std::collections::BTreeMap;
use std::path::Path;

use datafusion::prelude::SessionContext;
use folders::*;

use super::{Configuration, Fault, view_faults as faults_of_views};

fn check(
    folder: &Path,
    variables: &BTreeMap<String, String>,
    session: &SessionContext,
) -> Result<Configuration, Vec<Fault>> {
    let (configuration, mut faults) = Configuration::read(folder, variables);
    faults.extend(faults_of_views(&configuration, session));
    if faults.is_empty() {
        Ok(configuration)
    } else {
        Err(faults)
    }
}
