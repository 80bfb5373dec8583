//! The function reference, rendered from what each function says about itself.

use std::fmt::Write;
use std::sync::Arc;

use datafusion::logical_expr::{DocSection, Documentation, ScalarUDF};

pub(crate) const KEYS: DocSection = section(
    "Keys",
    "Records name the key that they are encrypted with by an id. Key material never stands in SQL.",
);
pub(crate) const BYTES: DocSection = section("Bytes", "Undo what was done to bytes for transport.");
pub(crate) const CRYPTO: DocSection = section(
    "Encryption and digests",
    "AES-GCM in the byte layout of Spark's `aes_encrypt`: a nonce of 12 bytes, the ciphertext, a tag of 16 bytes.",
);
pub(crate) const JSON: DocSection = section("JSON", "JSON text to typed columns.");
pub(crate) const LISTS: DocSection =
    section("Lists", "Rows from a list, with the place of each element.");
pub(crate) const DEVICES: DocSection = section("Devices", "Ids that name one device each.");
pub(crate) const TIME: DocSection = section(
    "Time",
    "When an event happened, and on which business day. Every instant is a timestamp in UTC.",
);

const fn section(label: &'static str, description: &'static str) -> DocSection {
    DocSection {
        include: true,
        label,
        description: Some(description),
    }
}

/// The reference of `functions` in Markdown: a section for each family, in the order given.
pub fn reference(functions: &[Arc<ScalarUDF>]) -> String {
    let mut page = String::from(
        "# Functions\n\n\
         Headwater's own SQL functions; every function of DataFusion is there too. All of them work on \
         whole columns. A value that a function cannot handle becomes null in its row and never fails a \
         query; what is wrong with a call itself is an error when it is planned. Rows of one batch that are \
         too large together fail the query (set `datafusion.execution.batch_size` lower); a pipeline then \
         takes them in smaller parts. Arguments of type STRING and BINARY may have any of Arrow's layouts.\n\n\
         This page is generated from the code; `UPDATE_DOCS=1 cargo test --release -p udfs \
         function_reference` writes it anew.\n",
    );
    let mut label = "";
    for function in functions {
        let Some(doc) = function.documentation() else {
            continue;
        };
        if doc.doc_section.label != label {
            label = doc.doc_section.label;
            let description = doc.doc_section.description.unwrap_or_default();
            let _ = write!(page, "\n## {label}\n\n{description}\n");
        }
        render(&mut page, function.name(), doc);
    }
    page
}

fn render(page: &mut String, name: &str, doc: &Documentation) {
    let _ = write!(page, "\n### `{name}`\n\n```sql\n{}\n", doc.syntax_example);
    for syntax in doc.alternative_syntax.iter().flatten() {
        let _ = writeln!(page, "{syntax}");
    }
    let _ = write!(page, "```\n\n{}\n", doc.description.trim());
    let arguments = doc.arguments.as_deref().unwrap_or_default();
    if !arguments.is_empty() {
        page.push_str("\n| argument | |\n|---|---|\n");
    }
    for (argument, description) in arguments {
        let _ = writeln!(page, "| `{argument}` | {description} |");
    }
    if let Some(example) = &doc.sql_example {
        let _ = write!(page, "\n{}\n", example.trim());
    }
    if let Some(related) = &doc.related_udfs {
        let related: Vec<_> = related.iter().map(|name| format!("`{name}`")).collect();
        let _ = write!(page, "\nSee also: {}.\n", related.join(", "));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/functions.md");

    #[test]
    fn function_reference_is_fresh() {
        let functions = crate::all_functions(&Arc::default());
        for function in &functions {
            let Some(doc) = function.documentation() else {
                panic!("{} has no documentation", function.name());
            };
            for related in doc.related_udfs.iter().flatten() {
                assert!(
                    functions.iter().any(|other| other.name() == related),
                    "{} refers to {related}, which is no function",
                    function.name()
                );
            }
        }
        let page = reference(&functions);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(PAGE, page).unwrap();
        } else {
            let stale = std::fs::read_to_string(PAGE).unwrap_or_default() != page;
            assert!(
                !stale,
                "docs/functions.md is stale: run this test with UPDATE_DOCS=1"
            );
        }
    }
}
