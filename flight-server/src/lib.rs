//! The Arrow Flight SQL service: everything between a gRPC connection and a DataFusion session.
//!
//! A call enters at `edge`, which finds out who is calling (`caller`, `credentials`,
//! `client_sessions`, `connection`, `handshake`), and hands the Flight SQL command on. A SELECT is
//! planned once (`statement`), described by the schema it will have on the wire (`wire`), and left
//! behind a ticket (`tickets`); the ticket's DoGet asks the [`QueryBackend`] for a session of its
//! own, so that a query sees one published state, and streams the result (`results`). Nothing is
//! ever collected, and a caller that goes away takes its query with it. Planning and running happen
//! on threads of their own (`compute`), so that a query that computes keeps nobody from shaking
//! hands or cancelling. Questions about the catalog are answered in `metadata` and `sql_info`.
//!
//! The server is read-only: statements that change data or definitions are refused before they are
//! planned, and again by DataFusion's own check of the plan.
//!
//! Invariants: the schema announced is the schema sent; no credential is ever logged or shown by
//! `Debug`; only this crate names tonic.
//!
//! Modules in reading order: `backend`, `config`; `phase`, `transport`, `service`, `edge`; `caller`,
//! `credentials`, `client_sessions`, `connection`, `client_settings`, `handshake`; `queries`, `statement`,
//! `prepared`, `tickets`, `compute`, `results`, `wire`, `flight_info`, `puts`; `metadata`,
//! `sql_info`; `actions`, `session_messages`; `status`, `expiring`; and [`client`].

mod actions;
mod backend;
mod caller;
pub mod client;
mod client_sessions;
mod client_settings;
mod compute;
mod config;
mod connection;
mod credentials;
mod edge;
mod expiring;
mod flight_info;
mod handshake;
mod incoming;
mod metadata;
mod phase;
mod prepared;
mod puts;
mod queries;
mod results;
mod service;
mod session_messages;
mod sql_info;
mod statement;
mod status;
mod tickets;
mod transport;
mod wire;

#[cfg(test)]
mod tests;

pub use backend::{QueryBackend, SessionOptions};
pub use config::{STACK_BYTES_MIN, ServerConfig};
pub use credentials::Credentials;
pub use transport::{ServeError, serve};
