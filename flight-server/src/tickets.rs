//! Tickets: what a DoGet shows to get the result of a query that was planned before.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::sql::{ProstMessageExt, TicketStatementQuery};
use bytes::Bytes;
use prost::Message;
use tokio::sync::watch;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::config::ServerConfig;
use crate::expiring::Expiring;
use crate::statement::{Rows, Statement};
use crate::{SessionOptions, status};

/// A query that is ready to run, any number of times, for one user.
pub(crate) struct Query {
    pub(crate) user: Arc<str>,
    /// The session that its ticket ends with.
    pub(crate) session: Uuid,
    pub(crate) options: SessionOptions,
    /// The schema that was announced.
    pub(crate) schema: SchemaRef,
    pub(crate) source: Source,
    /// Turns true when the query is cancelled: running results end, and no other starts.
    pub(crate) cancelled: watch::Sender<bool>,
}

/// Where a query's rows come from.
pub(crate) enum Source {
    /// A plan, run once for each row of parameters; once, where there are none.
    Plan {
        statement: Arc<Statement>,
        rows: Arc<Rows>,
    },
    /// What a statement gave that has run already.
    Done(RecordBatch),
}

/// The tickets that are out. Reading one doesn't use it up.
pub(crate) struct Tickets {
    queries: Expiring<Uuid, Arc<Query>>,
}

impl Tickets {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        Self {
            queries: Expiring::new(config.ticket_ttl, config.ticket_count_max),
        }
    }

    /// The ticket for a query.
    pub(crate) fn issue(&self, query: Query) -> Bytes {
        let handle = Uuid::new_v4();
        self.queries.insert(handle, Arc::new(query));
        let ticket = TicketStatementQuery {
            statement_handle: handle.simple().to_string().into(),
        };
        ticket.as_any().encode_to_vec().into()
    }

    /// The query of a ticket, if it is this user's.
    pub(crate) fn query(
        &self,
        ticket: &TicketStatementQuery,
        user: &str,
    ) -> Result<(Uuid, Arc<Query>), Status> {
        let gone = || {
            status::status(
                Code::NotFound,
                "the ticket is unknown or has expired: run the statement again",
            )
        };
        let handle = Uuid::try_parse_ascii(&ticket.statement_handle).map_err(|_| gone())?;
        let query = self.queries.get(&handle).ok_or_else(gone)?;
        if &*query.user != user {
            return Err(status::status(
                Code::PermissionDenied,
                "the ticket was given to another user: run the statement yourself",
            ));
        }
        Ok((handle, query))
    }

    /// Lets go of the tickets of a session.
    pub(crate) fn close_all(&self, session: Uuid) {
        self.queries.remove_all(|q| q.session == session);
    }

    /// Says that a ticket has been read to its end.
    pub(crate) fn read(&self, handle: &Uuid) {
        self.queries.spend(handle);
    }

    /// Ends the query of a ticket; false if there is none such.
    pub(crate) fn cancel(&self, ticket: &TicketStatementQuery, user: &str) -> Result<bool, Status> {
        match self.query(ticket, user) {
            Ok((_, query)) => {
                query.cancelled.send_replace(true);
                Ok(true)
            }
            Err(e) if e.code() == Code::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }
}
