//! What results look like on the wire: one schema, and batches that hold to it.
//!
//! [`Profile::schema`] turns a schema of the engine into the one that is announced (when preparing,
//! in FlightInfo, by GetSchema and GetTables) and sent; [`batch`] makes every batch be of exactly
//! that schema, and [`encoder`] cuts batches into messages of bounded size.

pub(crate) mod batch;
pub(crate) mod encoder;
mod schema;

pub(crate) use schema::Profile;
