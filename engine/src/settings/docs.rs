//! `docs/configuration.md`, made from what is declared so that the two cannot differ.

use std::fmt::Write;

use super::layers::Layers;
use super::sections::declare;

/// The page as Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         `headwater serve --config headwater.toml` reads one TOML file. A setting in it is \
         overruled by the environment (`HEADWATER_SECTION_NAME`), and that by \
         `--set section.name=value`. Relative paths are below the file's folder. Texts and paths \
         stand in quotes, numbers don't. A table of names and texts is a table in the file (below, \
         `kafka.properties` and `sql.variables`; names with dots need no quotes), `a=1,b=2` in the \
         environment, `--set section.name.a=1` as a flag; a text with a comma in it can be given in \
         the file and by `--set` only. An unknown or wrong setting is an error that names \
         it; all faults are reported at once.\n\n\
         ```toml\n[kafka]\nbrokers = \"localhost:9092\"\n\n\
         [kafka.properties]\nsecurity.protocol = \"SASL_SSL\"\nsasl.mechanism = \"PLAIN\"\n\
         sasl.username = \"headwater\"\nsasl.password = \"…\"\n\n[storage]\nurl = \"/var/lib/headwater\"\n\n\
         [sql]\nfolder = \"sql\"\nvariables = { mobile_topic = \"mobile-logs\", products_topic = \"products\" }\n\n\
         [keys]\nfile = \"keys.toml\"\n\n[flight]\npassword_file = \"password\"\n```\n",
    );
    let (reader, _) = declare(&Layers::default());
    let mut section = "";
    for setting in reader.declared() {
        let Some(doc) = setting.doc else { continue };
        let (of, name) = setting.name.split_once('.').unwrap_or(("", setting.name));
        if of != section {
            section = of;
            let _ = write!(
                page,
                "\n## {of}\n\n| setting | value | default | what for |\n|---|---|---|---|\n"
            );
        }
        let (value, default) = (&setting.value, &setting.default);
        let _ = writeln!(page, "| `{name}` | {value} | {default} | {doc} |");
    }
    page
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    #[test]
    fn the_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        let page = super::page();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == page,
            "docs/configuration.md is out of date; run the tests with UPDATE_DOCS=1"
        );
    }
}
