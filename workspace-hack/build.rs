//! Does nothing: Cargo asks for the build dependencies only of a package that has a build script.

fn main() {}
