//! One setting as the documentation has it.

/// A setting that was declared.
pub(super) struct Setting {
    /// `section.name`
    pub(super) name: &'static str,
    /// What its value looks like, in words.
    pub(super) value: String,
    /// The default in words.
    pub(super) default: String,
    /// What it is for; None for one that only tests of the engine itself set, and that is left out of
    /// the documentation.
    pub(super) doc: Option<&'static str>,
}

/// A setting's name in the environment: `HEADWATER_SECTION_NAME`.
pub(super) fn environment_name(name: &str) -> String {
    format!("HEADWATER_{}", name.replace('.', "_").to_uppercase())
}
