//! The ledger against a naive oracle: whatever the order of reading, the least event has the credit.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod catch_up;
mod entries;
mod fixture;
mod order;
mod properties;
mod settle;
