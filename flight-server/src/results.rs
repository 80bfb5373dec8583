//! The stream of a running query, from DataFusion's batches to Flight messages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow_flight::FlightData;
use datafusion::common::ScalarValue;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use tokio::sync::{mpsc, watch};
use tonic::{Code, Status};

use crate::statement::{Statement, Work, bind};
use crate::status;
use crate::tickets::{Query, Source};
use crate::transport::Phase;
use crate::wire::batch::conform;
use crate::wire::encoder::Encoder;

/// The messages that wait for a slow client, at about a MiB each.
const QUEUED_MESSAGES: usize = 4;

type Batches = BoxStream<'static, Result<RecordBatch, DataFusionError>>;

/// What may end a query before its rows do.
pub(crate) struct Limits {
    pub(crate) deadline: Option<Instant>,
    pub(crate) phase: watch::Receiver<Phase>,
}

/// The messages of a result. Dropping it ends the query, at its next await.
pub(crate) struct ResultStream {
    messages: mpsc::Receiver<Result<FlightData, Status>>,
    task: Option<SpawnedTask<()>>,
}

impl ResultStream {
    /// Plans the query in its session and starts it.
    pub(crate) async fn start(
        ctx: SessionContext,
        query: Arc<Query>,
        limits: Limits,
        at_end: impl FnOnce() + Send + 'static,
    ) -> Result<Self, Status> {
        let batches = open(ctx, &query)
            .await
            .map_err(|e| status::from_datafusion(&e))?;
        let (sender, messages) = mpsc::channel(QUEUED_MESSAGES);
        let task = SpawnedTask::spawn(async move {
            let failed = {
                let sending = send_all(batches, &query, &sender);
                tokio::select! {
                    sent = sending => sent.err(),
                    why = interruption(query.cancelled.subscribe(), limits) => Some(why),
                }
            };
            // The query is gone by here; the client may take its time to hear why.
            match failed {
                Some(why) => {
                    let _ = sender.send(Err(why)).await;
                }
                None => at_end(),
            }
        });
        Ok(Self {
            messages,
            task: Some(task),
        })
    }
}

impl Stream for ResultStream {
    type Item = Result<FlightData, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.messages.poll_recv(cx) {
            Poll::Ready(None) => {}
            other => return other,
        }
        // No more messages: either the end, or a panic that must not look like one.
        let Some(task) = self.task.as_mut() else {
            return Poll::Ready(None);
        };
        let joined = std::task::ready!(task.poll_unpin(cx));
        self.task = None;
        Poll::Ready(joined.err().map(|_| {
            Err(status::internal(
                "running the query",
                "it panicked; the server's log says where",
            ))
        }))
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
    let physical = state.create_physical_plan(&bound).await?;
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

async fn interruption(mut cancelled: watch::Receiver<bool>, mut limits: Limits) -> Status {
    let deadline = async {
        match limits.deadline {
            Some(at) => tokio::time::sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = cancelled.wait_for(|c| *c) => status::status(Code::Cancelled, "the query was cancelled"),
        () = deadline => status::status(
            Code::DeadlineExceeded,
            "the query took longer than its time limit",
        ),
        _ = limits.phase.wait_for(|p| *p == Phase::Ending) => status::status(
            Code::Unavailable,
            "the server shuts down: run the statement again",
        ),
    }
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
