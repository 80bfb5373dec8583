//! What a client may choose: the names, their values, and how they are applied to a session.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::timezone::Tz;
use common::near_name::suggestion;
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::registry::FunctionRegistry;
use datafusion::prelude::SessionContext;

use crate::SessionOptions;

const TIME_ZONE: &str = "datafusion.execution.time_zone";
const BATCH_SIZE: &str = "datafusion.execution.batch_size";

/// Operators take memory for a batch's rows before they have them.
const BATCH_SIZE_MAX: usize = 65_536;

/// Settings whose name is one of these, or begins with one that ends in a dot, may be chosen by a
/// client. The others belong to the engine: it relies on some of them, and on limits for others.
const OPEN_SETTINGS: &[&str] = &[
    TIME_ZONE,
    BATCH_SIZE,
    "datafusion.explain.",
    "datafusion.format.",
    "datafusion.sql_parser.default_null_ordering",
    "datafusion.sql_parser.enable_ident_normalization",
    "datafusion.sql_parser.parse_float_as_decimal",
];

/// Names that a client may send as headers of any call, for that call alone.
pub(crate) const HEADERS: &[&str] = &[
    "allow_catching_up",
    "catalog",
    "profile",
    "schema",
    "timestamptz",
    "timezone",
];

/// What one client chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ClientSettings {
    pub(crate) catalog: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) allow_catching_up: Option<bool>,
    /// Types on the wire: `true` for those of the engine, unchanged.
    pub(crate) native: Option<bool>,
    /// Timestamps with a zone: `true` to send them as naive UTC.
    pub(crate) naive_timestamps: Option<bool>,
    datafusion: BTreeMap<String, String>,
}

/// Why a setting was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SettingError {
    /// There is no such setting for clients.
    Name(String),
    /// The setting doesn't take this value.
    Value(String),
}

impl SettingError {
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Name(m) | Self::Value(m) => m,
        }
    }
}

/// A setting's place, by its name in any of its spellings.
enum Place {
    Catalog,
    Schema,
    CatchingUp,
    Profile,
    Timestamptz,
    DataFusion(String),
}

fn place(name: &str) -> Result<Place, SettingError> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    Ok(match name.as_str() {
        "catalog" | "datafusion.catalog.default_catalog" => Place::Catalog,
        "schema" | "db_schema" | "datafusion.catalog.default_schema" => Place::Schema,
        "allow_catching_up" => Place::CatchingUp,
        "profile" => Place::Profile,
        "timestamptz" => Place::Timestamptz,
        "timezone" | "time_zone" | "time.zone" => Place::DataFusion(TIME_ZONE.to_owned()),
        _ if is_open(&name) => Place::DataFusion(name),
        _ => {
            let known = HEADERS.iter().chain(OPEN_SETTINGS).copied();
            let hint = suggestion(&name, known.clone())
                .unwrap_or_else(|| format!("there are {}", known.collect::<Vec<_>>().join(", ")));
            return Err(SettingError::Name(format!(
                "there is no setting \"{name}\" for clients; {hint}"
            )));
        }
    })
}

fn is_open(name: &str) -> bool {
    OPEN_SETTINGS
        .iter()
        .any(|open| name == *open || (open.ends_with('.') && name.starts_with(open)))
}

impl ClientSettings {
    /// Chooses a value. An empty catalog or schema takes the choice back.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        match place(name)? {
            Place::Catalog => self.catalog = non_empty(value),
            Place::Schema => self.schema = non_empty(value),
            Place::CatchingUp => {
                self.allow_catching_up = Some(one_of(name, value, &TRUE_OR_FALSE)?);
            }
            Place::Profile => {
                self.native = Some(one_of(
                    name,
                    value,
                    &[("native", true), ("default", false)],
                )?);
            }
            Place::Timestamptz => {
                self.naive_timestamps =
                    Some(one_of(name, value, &[("naive", true), ("native", false)])?);
            }
            Place::DataFusion(key) => {
                ConfigOptions::new().set(&key, value).map_err(|e| {
                    SettingError::Value(format!("setting {key}: {}", e.strip_backtrace()))
                })?;
                if key == BATCH_SIZE
                    && !value
                        .parse()
                        .is_ok_and(|rows| (1..=BATCH_SIZE_MAX).contains(&rows))
                {
                    return Err(SettingError::Value(format!(
                        "setting {key}: {value} is not between 1 and {BATCH_SIZE_MAX}"
                    )));
                }
                if key == TIME_ZONE {
                    Tz::from_str(value).map_err(|_| {
                        SettingError::Value(format!(
                            "setting {key}: \"{value}\" is neither a zone such as Asia/Shanghai \
                             nor an offset such as +08:00"
                        ))
                    })?;
                }
                self.datafusion.insert(key, value.to_owned());
            }
        }
        Ok(())
    }

    /// Takes a choice back.
    pub(crate) fn reset(&mut self, name: &str) -> Result<(), SettingError> {
        match place(name)? {
            Place::Catalog => self.catalog = None,
            Place::Schema => self.schema = None,
            Place::CatchingUp => self.allow_catching_up = None,
            Place::Profile => self.native = None,
            Place::Timestamptz => self.naive_timestamps = None,
            Place::DataFusion(key) => {
                self.datafusion.remove(&key);
            }
        }
        Ok(())
    }

    /// The choices made so far, by name.
    pub(crate) fn chosen(&self) -> BTreeMap<String, String> {
        let mut chosen = self.datafusion.clone();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                chosen.insert(name.to_owned(), value);
            }
        };
        let spelled = |b: Option<bool>, yes: &str, no: &str| {
            b.map(|b| if b { yes.to_owned() } else { no.to_owned() })
        };
        put("catalog", self.catalog.clone());
        put("schema", self.schema.clone());
        put(
            "allow_catching_up",
            spelled(self.allow_catching_up, "true", "false"),
        );
        put("profile", spelled(self.native, "native", "default"));
        put(
            "timestamptz",
            spelled(self.naive_timestamps, "naive", "native"),
        );
        chosen
    }

    /// What the backend gets to see of them.
    pub(crate) fn options(&self, user: &str) -> SessionOptions {
        SessionOptions {
            user: user.to_owned(),
            allow_catching_up: self.allow_catching_up.unwrap_or(false),
            catalog: self.catalog.clone(),
            schema: self.schema.clone(),
            settings: self.datafusion.clone(),
        }
    }
}

const TRUE_OR_FALSE: [(&str, bool); 4] =
    [("true", true), ("false", false), ("1", true), ("0", false)];

fn one_of(name: &str, value: &str, spellings: &[(&str, bool)]) -> Result<bool, SettingError> {
    spellings
        .iter()
        .find(|(spelling, _)| spelling.eq_ignore_ascii_case(value))
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let known: Vec<&str> = spellings.iter().map(|(s, _)| *s).collect();
            SettingError::Value(format!(
                "setting {name}: \"{value}\" is not one of {}",
                known.join(", ")
            ))
        })
}

fn non_empty(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

/// Puts a client's catalog, schema and settings into effect in a session.
pub(crate) fn apply(ctx: &SessionContext, options: &SessionOptions) -> Result<(), DataFusionError> {
    if options.catalog.is_none() && options.schema.is_none() && options.settings.is_empty() {
        return Ok(());
    }
    let state = ctx.state_ref();
    let mut state = state.write();
    let config = state.config_mut().options_mut();
    if let Some(catalog) = &options.catalog {
        config.catalog.default_catalog.clone_from(catalog);
    }
    if let Some(schema) = &options.schema {
        config.catalog.default_schema.clone_from(schema);
    }
    for (name, value) in &options.settings {
        config.set(name, value)?;
    }
    // Functions such as now() hold the time zone that they were made with.
    let updated: Vec<_> = {
        let config = state.config().options();
        state
            .scalar_functions()
            .values()
            .filter_map(|f| f.inner().with_updated_config(config))
            .map(Arc::new)
            .collect()
    };
    for function in updated {
        state.register_udf(function)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn settings_are_known_checked_and_listed() {
        let mut s = ClientSettings::default();
        s.set("SCHEMA", "realtime").unwrap();
        s.set("allow-catching-up", "TRUE").unwrap();
        s.set("timezone", "Asia/Shanghai").unwrap();
        s.set("timestamptz", "naive").unwrap();
        assert_eq!(
            s.chosen()
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect::<Vec<_>>(),
            [
                "allow_catching_up=true",
                "datafusion.execution.time_zone=Asia/Shanghai",
                "schema=realtime",
                "timestamptz=naive"
            ]
        );
        s.reset("schema").unwrap();
        assert_eq!(s.options("ann").schema, None);
        assert!(s.options("ann").allow_catching_up);
    }

    #[test]
    fn the_engines_own_settings_stay_closed() {
        let mut s = ClientSettings::default();
        assert!(matches!(
            s.set(
                "datafusion.optimizer.enable_dynamic_filter_pushdown",
                "true"
            ),
            Err(SettingError::Name(_))
        ));
        for rows in ["many", "0", "65537", "18446744073709551615"] {
            assert!(
                matches!(s.set(BATCH_SIZE, rows), Err(SettingError::Value(_))),
                "{rows}"
            );
        }
        s.set(BATCH_SIZE, "65536").unwrap();
        assert!(matches!(
            s.set("profile", "fast"),
            Err(SettingError::Value(_))
        ));
    }

    #[test]
    fn a_mistyped_name_is_told_the_near_one_and_a_strange_one_all() {
        let mut s = ClientSettings::default();
        let near = s.set("timestamp_tz", "naive").unwrap_err();
        assert!(
            near.message().ends_with("did you mean timestamptz?"),
            "{near:?}"
        );
        let strange = s.set("bogus", "1").unwrap_err();
        for name in ["allow_catching_up", "datafusion.explain."] {
            assert!(strange.message().contains(name), "{strange:?}");
        }
    }
}
