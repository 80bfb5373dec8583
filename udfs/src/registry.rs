//! The list of all functions.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;

use crate::keys::KeyRing;

/// Functions that fail on a row that they cannot handle: one bad record would stop a pipeline.
pub const REFUSED_IN_PIPELINES: &[&str] = &["aes_decrypt"];

/// All functions, family by family. Those that need keys hold `keys`.
pub fn all_functions(keys: &Arc<KeyRing>) -> Vec<Arc<ScalarUDF>> {
    [
        crate::keys::functions(keys),
        crate::bytes::functions(),
        crate::crypto::functions(keys),
        crate::json::functions(),
        crate::list::functions(),
        crate::device::functions(),
        crate::time::functions(),
    ]
    .concat()
}

/// Registers [`all_functions`]; a function that the registry has under the same name is replaced.
pub fn register_all(registry: &mut dyn FunctionRegistry, keys: &Arc<KeyRing>) -> Result<()> {
    for function in all_functions(keys) {
        registry.register_udf(function)?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::HashSet;

    use datafusion::execution::registry::MemoryFunctionRegistry;

    use super::*;

    #[test]
    fn no_two_functions_share_a_name() {
        let mut names = HashSet::new();
        for function in all_functions(&Arc::default()) {
            assert!(
                names.insert(function.name().to_string()),
                "{} is registered twice",
                function.name()
            );
            for alias in function.aliases() {
                assert!(names.insert(alias.clone()), "{alias} is registered twice");
            }
        }
    }

    #[test]
    fn all_functions_can_be_found_by_name() {
        let mut registry = MemoryFunctionRegistry::new();
        register_all(&mut registry, &Arc::default()).unwrap();
        assert_eq!(registry.udfs().len(), all_functions(&Arc::default()).len());
        for name in REFUSED_IN_PIPELINES {
            assert!(registry.udf(name).is_ok(), "{name} is refused but unknown");
        }
    }
}
