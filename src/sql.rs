//! `headwater sql`: a Flight SQL client that prints rows as they arrive.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use flight_server::client::{Login, connect};
use futures::TryStreamExt;

use crate::cli::{Output, SqlArgs};
use crate::failure::{Failure, Outcome};
use crate::printed_rows::{Csv, Table};
use crate::secrets::read_line;

/// Runs the command.
pub fn run(args: &SqlArgs) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(ask(args))
}

async fn ask(args: &SqlArgs) -> Outcome {
    let mut client = connect(&args.url, login(args)?).await?;
    if args.allow_catching_up {
        client.set_header("allow_catching_up", "true");
    }
    let (schema, mut rows) = client.query(&args.command).await?;
    let mut out = Printed {
        out: io::stdout().lock(),
        closed: false,
    };
    let nothing = RecordBatch::new_empty(schema);
    match args.output {
        Output::Csv => {
            let mut csv = Csv::default();
            out.write(csv.text(&nothing)?)?;
            while !out.closed
                && let Some(batch) = rows.try_next().await?
            {
                out.write(csv.text(&batch)?)?;
            }
        }
        Output::Table => {
            let mut table = Table::new(nothing);
            while !out.closed
                && let Some(batch) = rows.try_next().await?
            {
                out.write(table.text(batch)?)?;
            }
            out.write(table.end()?)?;
        }
    }
    Ok(())
}

fn login(args: &SqlArgs) -> Outcome<Login> {
    let read = |option: &str, file| {
        read_line(file).map_err(|e| Failure::invalid(vec![format!("{option}: {e}")]))
    };
    Ok(match (&args.password_file, &args.token_file) {
        (Some(file), _) => Login::Password {
            user: args.user.clone(),
            password: read("--password-file", file)?,
        },
        (None, Some(file)) => Login::Token(read("--token-file", file)?),
        (None, None) => Login::None,
    })
}

/// Where rows go, until whoever reads them has enough.
struct Printed<'a> {
    out: io::StdoutLock<'a>,
    closed: bool,
}

impl Printed<'_> {
    fn write(&mut self, text: String) -> Outcome {
        if self.closed || text.is_empty() {
            return Ok(());
        }
        let written = self.out.write_all(text.as_bytes());
        match written.and_then(|()| self.out.flush()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => Ok(written?),
        }
    }
}
