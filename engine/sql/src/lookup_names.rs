//! The names that one file uses of another: found, of the right kind, and in order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use common::TableKind;
use common::near_name::suggestion;

use super::built_in_tables::{ARCHIVE, DEAD_LETTERS};
use super::declared::Declared;
use super::fault::Fault;
use super::folder::Declares;
use super::pipeline_def::{PipelineDef, UnresolvedPipeline};
use super::relations::Relation;
use super::source_progress::SOURCE_PROGRESS;
use super::view_def::ViewDef;

const BUILT_IN: [&str; 3] = [DEAD_LETTERS, ARCHIVE, SOURCE_PROGRESS];

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum ObjectKind {
    Source,
    Dimension,
    Table,
    Ledger,
    View,
    BuiltIn,
}

impl ObjectKind {
    /// What a file of a folder declares; None where that has no name.
    fn of_file_in(declares: Declares) -> Option<Self> {
        Some(match declares {
            Declares::Source => Self::Source,
            Declares::Dimension => Self::Dimension,
            Declares::Table => Self::Table,
            Declares::Ledger => Self::Ledger,
            Declares::Metric => Self::View,
            Declares::Pipeline => return None,
        })
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Source => "a source",
            Self::Dimension => "a dimension",
            Self::Table => "a table",
            Self::Ledger => "a ledger",
            Self::View => "a metric",
            Self::BuiltIn => "a built-in table",
        }
    }
}

type Names = BTreeMap<String, ObjectKind>;

/// Looks up what pipelines and views name. Gives those that are right and name nothing that is at
/// fault; the views in the order of their dependencies.
pub(super) fn look_up(
    declared: &mut Declared,
    folder: &Path,
    faults: &mut Vec<Fault>,
) -> (Vec<PipelineDef>, Vec<ViewDef>) {
    let names = names(declared, folder, faults);
    faults.extend(location_faults(declared));
    faults.extend(topic_faults(declared, folder));
    faults.extend(reserved_faults(declared));
    let ambiguous = take_out_ambiguous(declared);
    let mut pipelines = Vec::new();
    let mut all_resolved = !declared.faulty.values().any(|d| *d == Declares::Pipeline);
    for pipeline in std::mem::take(&mut declared.pipelines) {
        let unclear = |r: &Relation| ambiguous.contains(&r.name);
        if unclear(&pipeline.sink) || pipeline.reads.iter().any(unclear) {
            all_resolved = false;
            continue;
        }
        match resolve(pipeline, &names) {
            Ok(pipeline) => pipelines.push(pipeline),
            Err(wrong) => {
                all_resolved = false;
                faults.extend(wrong);
            }
        }
    }
    faults.extend(ledger_faults(&pipelines, &names, all_resolved));
    let sound = |name: &str| !declared.faulty.contains_key(name);
    pipelines
        .retain(|p| sound(&p.sink) && sound(&p.source) && p.dimensions.iter().all(|d| sound(d)));
    let mut views = std::mem::take(&mut declared.views);
    views.retain(|view| {
        let is_clear = !view.reads.iter().any(|r| ambiguous.contains(r));
        let wrong = if is_clear {
            view_faults(view, &names)
        } else {
            Vec::new()
        };
        let right = is_clear && wrong.is_empty();
        if !right {
            declared
                .faulty
                .insert(view.name.to_string(), Declares::Metric);
        }
        faults.extend(wrong);
        right
    });
    let (mut views, circle) = in_order(views);
    faults.extend(circle);
    views.retain(|view| {
        let right = view.reads.iter().all(|r| !declared.faulty.contains_key(r));
        if !right {
            declared
                .faulty
                .insert(view.name.to_string(), Declares::Metric);
        }
        right
    });
    (pipelines, views)
}

/// All objects that have names.
fn objects(declared: &Declared) -> impl Iterator<Item = (&Arc<str>, ObjectKind)> {
    let tables = declared.tables.iter().map(|(t, _)| match t.kind {
        TableKind::Ledger(_) => (&t.name, ObjectKind::Ledger),
        TableKind::Events | TableKind::DeadLetters | TableKind::Archive | TableKind::Commits => {
            (&t.name, ObjectKind::Table)
        }
    });
    (declared
        .sources
        .iter()
        .map(|s| (&s.name, ObjectKind::Source)))
    .chain(
        declared
            .dimensions
            .iter()
            .map(|d| (&d.name, ObjectKind::Dimension)),
    )
    .chain(tables)
    .chain(declared.views.iter().map(|v| (&v.name, ObjectKind::View)))
}

fn names(declared: &Declared, folder: &Path, faults: &mut Vec<Fault>) -> Names {
    let mut names: Names = BUILT_IN.map(|n| (n.to_owned(), ObjectKind::BuiltIn)).into();
    for (name, kind) in objects(declared) {
        if let Some(other) = names.insert(name.to_string(), kind) {
            let message = if other == ObjectKind::BuiltIn {
                format!("{name} is the name of a built-in table")
            } else {
                format!(
                    "{name} is declared twice: as {} and as {}",
                    other.noun(),
                    kind.noun()
                )
            };
            faults.push(Fault::of_file(folder, message).help("rename one of them"));
        }
    }
    for (name, declares) in &declared.faulty {
        if let Some(kind) = ObjectKind::of_file_in(*declares) {
            names.entry(name.clone()).or_insert(kind);
        }
    }
    names
}

/// Takes out the objects whose name is given twice, and gives these names: what a query means by
/// one isn't known.
fn take_out_ambiguous(declared: &mut Declared) -> BTreeSet<String> {
    let mut given: BTreeMap<String, usize> = BUILT_IN.map(|n| (n.to_owned(), 1)).into();
    for (name, _) in objects(declared) {
        *given.entry(name.to_string()).or_default() += 1;
    }
    given.retain(|_, times| *times > 1);
    let once = |name: &str| !given.contains_key(name);
    declared.sources.retain(|s| once(&s.name));
    declared.dimensions.retain(|d| once(&d.name));
    declared.tables.retain(|(t, _)| once(&t.name));
    declared.views.retain(|v| once(&v.name));
    given.into_keys().collect()
}

fn location_faults(declared: &Declared) -> Vec<Fault> {
    let mut seen: BTreeMap<&str, &str> = [(DEAD_LETTERS, DEAD_LETTERS), (ARCHIVE, ARCHIVE)].into();
    let mut faults = Vec::new();
    for (table, text) in &declared.tables {
        if let Some(other) = seen.insert(&table.location, &table.name) {
            let message = format!("'{}' is the folder of table {other}", table.location);
            faults.push(
                text.fault_in("LOCATION", message)
                    .help("give each table its own folder"),
            );
        }
    }
    faults
}

/// How far a topic has been read is kept once, with its archive, so one source reads it. The rows of
/// a dimension's topic are not records of a source.
fn topic_faults(declared: &Declared, folder: &Path) -> Vec<Fault> {
    let file = |source: &str| format!("sources/{source}.sql");
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for source in &declared.sources {
        if let Some(other) = seen.insert(&source.topic, &source.name) {
            let message = format!(
                "two sources read topic {}: {} and {}",
                source.topic,
                file(other),
                file(&source.name)
            );
            faults.push(
                Fault::of_file(folder.join(file(&source.name)), message)
                    .help("keep one of them; several pipelines may read it"),
            );
        }
    }
    for dimension in &declared.dimensions {
        if let Some(source) = seen.get(&*dimension.topic) {
            let message = format!(
                "dimension {} and source {source} read the same topic, {}",
                dimension.name, dimension.topic
            );
            let path = folder.join(format!("dimensions/{}.sql", dimension.name));
            faults.push(
                Fault::of_file(path, message).help("name the dimension's own, compacted topic"),
            );
        }
    }
    faults
}

/// Offsets are kept by the names of pipelines, of which the archive is one.
fn reserved_faults(declared: &Declared) -> Vec<Fault> {
    let is_reserved = |p: &&UnresolvedPipeline| BUILT_IN.contains(&&*p.name);
    declared
        .pipelines
        .iter()
        .filter(is_reserved)
        .map(|pipeline| {
            let message = format!("{} is the name of a built-in table", pipeline.name);
            pipeline.text.fault(message).help("rename the file")
        })
        .collect()
}

fn resolve(pipeline: UnresolvedPipeline, names: &Names) -> Result<PipelineDef, Vec<Fault>> {
    let text = &pipeline.text;
    let mut faults = Vec::new();
    let sink = names.get(&pipeline.sink.name).copied();
    let (wanted, wanted_noun) = match sink {
        Some(ObjectKind::Ledger) => (ObjectKind::Table, "a table that pipelines write"),
        _ => (ObjectKind::Source, "a source"),
    };
    if !matches!(sink, Some(ObjectKind::Table | ObjectKind::Ledger)) {
        let name = &pipeline.sink.name;
        let message = match sink {
            Some(kind) => format!("{name} is {}, which no pipeline can write", kind.noun()),
            None => format!("table {name} does not exist"),
        };
        let known = names
            .iter()
            .filter(|n| matches!(n.1, ObjectKind::Table | ObjectKind::Ledger));
        faults.push(
            text.fault_on(&pipeline.sink.written, "INSERT INTO", message)
                .help_if_any(suggestion(name, known.map(|n| n.0.as_str()))),
        );
    }
    let mut sources = Vec::new();
    let mut dimensions = Vec::new();
    for read in &pipeline.reads {
        match names.get(&read.name).copied() {
            Some(ObjectKind::Dimension) => dimensions.push(read.name.as_str().into()),
            Some(kind) if kind == wanted => sources.push(read),
            Some(kind) => faults.push(
                text.fault_on(
                    &read.written,
                    "FROM",
                    format!("{} is {}", read.name, kind.noun()),
                )
                .help(format!("this pipeline reads {wanted_noun}")),
            ),
            None => faults.push(
                text.fault_on(
                    &read.written,
                    "FROM",
                    format!("table {} does not exist", read.name),
                )
                .help_if_any(suggestion(&read.name, names.keys().map(String::as_str))),
            ),
        }
    }
    if let [_, second, ..] = sources.as_slice() {
        let message = format!("reads a second table, {}", second.name);
        faults.push(
            text.fault_on(&second.written, "FROM", message)
                .help("a pipeline reads one source and joins dimensions"),
        );
    }
    match sources.first() {
        Some(source) if faults.is_empty() => Ok(PipelineDef {
            name: pipeline.name,
            sink: pipeline.sink.name.into(),
            source: source.name.as_str().into(),
            dimensions,
            query: pipeline.query,
            comment: text.header(),
            text: pipeline.text,
        }),
        Some(_) => Err(faults),
        None => {
            if faults.is_empty() {
                faults.push(text.fault_in("FROM", format!("must read {wanted_noun}")));
            }
            Err(faults)
        }
    }
}

/// A ledger has one writer, fed by one pipeline, from a table that a pipeline fills.
/// Which tables are filled is known only if all pipelines are.
fn ledger_faults(pipelines: &[PipelineDef], names: &Names, all_known: bool) -> Vec<Fault> {
    let mut fed = BTreeMap::new();
    let mut faults = Vec::new();
    for pipeline in pipelines {
        if names.get(&*pipeline.sink) != Some(&ObjectKind::Ledger) {
            continue;
        }
        if let Some(other) = fed.insert(pipeline.sink.clone(), pipeline.name.clone()) {
            let message = format!(
                "ledger {} is already fed by pipeline {other}",
                pipeline.sink
            );
            faults.push(pipeline.text.fault_in("INSERT INTO", message));
        }
        if all_known && !pipelines.iter().any(|p| p.sink == pipeline.source) {
            let message = format!("no pipeline writes table {}", pipeline.source);
            faults.push(pipeline.text.fault_in("FROM", message));
        }
    }
    faults
}

fn view_faults(view: &ViewDef, names: &Names) -> Vec<Fault> {
    let readable = |m: &ObjectKind| {
        matches!(
            m,
            ObjectKind::Table | ObjectKind::Ledger | ObjectKind::View | ObjectKind::BuiltIn
        )
    };
    let mut faults = Vec::new();
    for read in &view.relations {
        let message = match names.get(&read.name) {
            Some(kind) if readable(kind) => continue,
            Some(kind) => format!(
                "{} is {}, which is not kept as a table",
                read.name,
                kind.noun()
            ),
            None => format!("table {} does not exist", read.name),
        };
        let known = names.iter().filter(|n| readable(n.1)).map(|n| n.0.as_str());
        faults.push(
            view.text
                .fault_on(&read.written, "FROM", message)
                .help_if_any(suggestion(&read.name, known)),
        );
    }
    faults
}

/// Views after those that they read; by name where that leaves a choice. Those of a circle, and
/// what reads them, are left out and told.
fn in_order(mut views: Vec<ViewDef>) -> (Vec<ViewDef>, Option<Fault>) {
    views.sort_by(|a, b| a.name.cmp(&b.name));
    let all: BTreeSet<String> = views.iter().map(|v| v.name.to_string()).collect();
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(views.len());
    while !views.is_empty() {
        let ready = |v: &ViewDef| v.reads.iter().all(|r| !all.contains(r) || done.contains(r));
        let Some(next) = views.iter().position(ready) else {
            let circle: Vec<&str> = views.iter().map(|v| &*v.name).collect();
            let message = format!("metrics read each other in a circle: {}", circle.join(", "));
            return (ordered, Some(views[0].text.fault_in("FROM", message)));
        };
        let view = views.remove(next);
        done.insert(view.name.to_string());
        ordered.push(view);
    }
    (ordered, None)
}
