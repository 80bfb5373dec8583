//! Prepared statements, and the copies that binding makes of them.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::client_sessions::Session;
use crate::config::ServerConfig;
use crate::expiring::Expiring;
use crate::statement::{Rows, Statement};
use crate::status;
use crate::wire::Profile;

/// The copies of a statement that are kept; a client that binds again and again uses the last.
const COPY_COUNT_MAX: usize = 16;

/// A prepared statement of one user.
#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) user: Arc<str>,
    /// The session that it ends with.
    session: Uuid,
    pub(crate) statement: Arc<Statement>,
    /// The wire types that were announced when it was prepared.
    pub(crate) profile: Profile,
    bound: Arc<Mutex<Option<Arc<Rows>>>>,
    family: Arc<Family>,
}

/// A statement with the copies made by binding.
struct Family {
    original: Uuid,
    copies: Mutex<Vec<Uuid>>,
}

impl Prepared {
    /// The rows bound last, if any.
    pub(crate) fn bound(&self) -> Option<Arc<Rows>> {
        self.bound.lock().clone()
    }
}

/// All prepared statements, by handle.
///
/// Clients disagree on what binding does: some go on with the handle that it gives back, some with
/// the one they had, some with both. So binding changes the statement and makes a copy; each
/// works until it is closed, and closing either lets go of what the client has no handle for.
pub(crate) struct PreparedStatements {
    by_handle: Expiring<Uuid, Prepared>,
}

impl PreparedStatements {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        Self {
            by_handle: Expiring::new(config.prepared_ttl, config.prepared_count_max),
        }
    }

    /// Keeps a statement; gives its handle.
    pub(crate) fn keep(&self, session: &Session, statement: Statement, profile: Profile) -> Bytes {
        let handle = Uuid::new_v4();
        let prepared = Prepared {
            user: Arc::clone(&session.user),
            session: session.id,
            statement: Arc::new(statement),
            profile,
            bound: Arc::default(),
            family: Arc::new(Family {
                original: handle,
                copies: Mutex::default(),
            }),
        };
        self.by_handle.insert(handle, prepared);
        bytes_of(handle)
    }

    pub(crate) fn get(&self, handle: &[u8], user: &str) -> Result<Prepared, Status> {
        let prepared = Uuid::try_parse_ascii(handle)
            .ok()
            .and_then(|handle| self.by_handle.get(&handle))
            .ok_or_else(|| {
                status::status(
                    Code::NotFound,
                    "the prepared statement is unknown, closed, or expired: prepare it again",
                )
            })?;
        if &*prepared.user != user {
            return Err(status::status(
                Code::PermissionDenied,
                "the prepared statement is another user's: prepare it yourself",
            ));
        }
        Ok(prepared)
    }

    /// Binds rows to a statement; gives the handle of a copy that keeps them.
    pub(crate) fn bind(&self, prepared: &Prepared, rows: Rows) -> Bytes {
        let rows = Some(Arc::new(rows));
        prepared.bound.lock().clone_from(&rows);
        let handle = Uuid::new_v4();
        let copy = Prepared {
            bound: Arc::new(Mutex::new(rows)),
            ..prepared.clone()
        };
        let mut copies = copy.family.copies.lock();
        if copies.len() >= COPY_COUNT_MAX {
            self.by_handle.remove(&copies.remove(0));
        }
        copies.push(handle);
        drop(copies);
        self.by_handle.insert(handle, copy);
        bytes_of(handle)
    }

    /// Closes every statement of a session, which takes the copies with it.
    pub(crate) fn close_all(&self, session: Uuid) {
        self.by_handle.remove_all(|p| p.session == session);
    }

    /// Closes a statement; does nothing if it isn't there.
    pub(crate) fn close(&self, handle: &[u8], user: &str) -> Result<(), Status> {
        let prepared = match self.get(handle, user) {
            Ok(prepared) => prepared,
            Err(e) if e.code() == Code::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let Ok(handle) = Uuid::try_parse_ascii(handle) else {
            return Ok(());
        };
        let family = &prepared.family;
        let mut copies = family.copies.lock();
        self.by_handle.remove(&handle);
        copies.retain(|copy| *copy != handle);
        if handle == family.original {
            for copy in copies.drain(..) {
                self.by_handle.remove(&copy);
            }
        } else if copies.is_empty() {
            self.by_handle.remove(&family.original);
        }
        Ok(())
    }
}

fn bytes_of(handle: Uuid) -> Bytes {
    handle.simple().to_string().into()
}
