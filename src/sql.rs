//! `headwater sql`: a Flight SQL client that prints a table.

use std::io::Write;

use arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt;

use crate::cli::{Output, SqlArgs};
use crate::failure::{Failure, Outcome};
use flight_server::client::{Login, connect};

/// Runs the command.
pub fn run(args: &SqlArgs) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(ask(args))
}

async fn ask(args: &SqlArgs) -> Outcome {
    let read = |path: &std::path::Path| {
        std::fs::read_to_string(path)
            .map(|t| t.trim().to_owned())
            .map_err(|e| Failure::invalid(vec![format!("{}: {e}", path.display())]))
    };
    let login = match (&args.password_file, &args.token_file) {
        (Some(file), _) => Login::Password {
            user: args.user.clone(),
            password: read(file)?,
        },
        (None, Some(file)) => Login::Token(read(file)?),
        (None, None) => Login::None,
    };
    let mut client = connect(&args.url, login).await?;
    if args.allow_catching_up {
        client.set_header("allow_catching_up", "true");
    }
    let (schema, mut rows) = client.query(&args.command).await?;
    let mut out = std::io::stdout().lock();
    match args.output {
        Output::Csv => {
            let mut writer = arrow::csv::WriterBuilder::new()
                .with_header(true)
                .build(&mut out);
            let mut any = false;
            while let Some(batch) = rows.try_next().await? {
                any = true;
                writer
                    .write(&batch)
                    .map_err(|e| Failure::no(e.to_string()))?;
            }
            if !any {
                writer
                    .write(&arrow::array::RecordBatch::new_empty(schema))
                    .map_err(|e| Failure::no(e.to_string()))?;
            }
        }
        Output::Table => {
            let batches: Vec<_> = (&mut rows).try_collect().await?;
            let count: usize = batches.iter().map(|b| b.num_rows()).sum();
            let table = if batches.is_empty() {
                pretty_format_batches(&[arrow::array::RecordBatch::new_empty(schema)])
            } else {
                pretty_format_batches(&batches)
            };
            let table = table.map_err(|e| Failure::no(e.to_string()))?;
            writeln!(out, "{table}")?;
            writeln!(out, "{count} rows")?;
        }
    }
    Ok(())
}
