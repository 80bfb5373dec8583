//! Tests of the workload, read back without the code that wrote it.
