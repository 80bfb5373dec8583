//! The stream of a running query, from DataFusion's batches to Flight messages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow_flight::FlightData;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use query::{Interrupt, plan_query};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::Status;

use crate::compute::{Limits, broken, compute};
use crate::statement::{Statement, Work, bind};
use crate::status;
use crate::tickets::{Query, Source};
use crate::wire::batch::conform;
use crate::wire::encoder::Encoder;

/// The messages that wait for a slow client, at about a MiB each.
const QUEUED_MESSAGES: usize = 4;

type Batches = BoxStream<'static, Result<RecordBatch, DataFusionError>>;

/// The messages of a result. Dropping it ends the query.
pub(crate) struct ResultStream {
    messages: mpsc::Receiver<Result<FlightData, Status>>,
    /// The task that watches over the query; it ends with this.
    _watch: JoinSet<()>,
    _end: EndOnDrop,
}

/// Tells a query that computes, without giving way to anybody, that nobody waits for it any more.
struct EndOnDrop(Arc<Interrupt>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl ResultStream {
    /// Plans the query in its session and starts it, on the queries' threads. What may end it is
    /// watched by the threads that call this, which are free when those compute.
    pub(crate) async fn start(
        ctx: SessionContext,
        query: Arc<Query>,
        threads: &Handle,
        mut limits: Limits,
        at_end: impl FnOnce() + Send + 'static,
    ) -> Result<Self, Status> {
        limits.cancelled = Some(query.cancelled.subscribe());
        let end = EndOnDrop(Interrupt::of(&ctx));
        if let Some(deadline) = limits.deadline {
            end.0.end_at(deadline);
        }
        let opening = {
            let query = Arc::clone(&query);
            async move {
                open(ctx, &query)
                    .await
                    .map_err(|e| status::from_datafusion(&e))
            }
        };
        let batches = compute(threads, limits.clone(), opening).await?;
        let (sender, messages) = mpsc::channel(QUEUED_MESSAGES);
        let mut running = JoinSet::new();
        let sending = {
            let sender = sender.clone();
            async move { send_all(batches, &query, &sender).await }
        };
        running.spawn_on(sending, threads);
        let interrupt = Arc::clone(&end.0);
        let mut watch = JoinSet::new();
        watch.spawn(async move {
            let failed = tokio::select! {
                done = running.join_next() => match done {
                    Some(Ok(sent)) => sent.err(),
                    Some(Err(e)) => Some(broken(e)),
                    None => None,
                },
                why = limits.reached() => Some(why),
            };
            // The query ends here; the client may take its time to hear why.
            interrupt.end();
            drop(running);
            match failed {
                Some(why) => {
                    let _ = sender.send(Err(why)).await;
                }
                None => at_end(),
            }
        });
        Ok(Self {
            messages,
            _watch: watch,
            _end: end,
        })
    }
}

impl Stream for ResultStream {
    type Item = Result<FlightData, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.messages.poll_recv(cx)
    }
}

/// The batches of all runs, one after the other. The first is planned at once, so that its errors
/// are the call's.
async fn open(ctx: SessionContext, query: &Query) -> Result<Batches, DataFusionError> {
    match &query.source {
        Source::Done(batch) => Ok(stream::iter([Ok(batch.clone())]).boxed()),
        Source::Plan { statement, rows } if rows.len() <= 1 => {
            let row = rows.first().map(Vec::as_slice).unwrap_or_default();
            Ok(run(&ctx, statement, row).await?.boxed())
        }
        Source::Plan { statement, rows } => {
            let first = run(&ctx, statement, &rows[0]).await?;
            let (statement, rows) = (Arc::clone(statement), Arc::clone(rows));
            let others = stream::iter(1..rows.len())
                .then(move |i| {
                    let (ctx, statement, rows) = (ctx.clone(), statement.clone(), rows.clone());
                    async move { run(&ctx, &statement, &rows[i]).await }
                })
                .try_flatten();
            Ok(first.chain(others).boxed())
        }
    }
}

async fn run(
    ctx: &SessionContext,
    statement: &Statement,
    row: &[ScalarValue],
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let Work::Query(plan) = &statement.work else {
        return Err(DataFusionError::Internal(
            "a change of the session was planned as a query".to_owned(),
        ));
    };
    let state = ctx.state();
    let bound = bind(plan, row)?;
    let physical = plan_query(&state, &bound).await?;
    execute_stream(physical, state.task_ctx())
}

async fn send_all(
    mut batches: Batches,
    query: &Query,
    sender: &mpsc::Sender<Result<FlightData, Status>>,
) -> Result<(), Status> {
    let (mut encoder, schema) = Encoder::new(&query.schema);
    if sender.send(Ok(schema)).await.is_err() {
        return Ok(());
    }
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|e| status::from_datafusion(&e))?;
        for batch in conform(&batch, &query.schema)
            .map_err(|e| status::internal("bringing the result into its announced schema", e))?
        {
            let messages = encoder
                .encode(&batch)
                .map_err(|e| status::internal("encoding the result", e))?;
            for message in messages {
                if sender.send(Ok(message)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// The messages of a small result that is at hand.
pub(crate) fn messages_of(batch: &RecordBatch) -> Result<Vec<FlightData>, Status> {
    let (mut encoder, schema) = Encoder::new(batch.schema_ref());
    let mut messages = vec![schema];
    messages.extend(
        encoder
            .encode(batch)
            .map_err(|e| status::internal("encoding the result", e))?,
    );
    Ok(messages)
}
