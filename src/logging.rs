//! Where the log goes: standard error, by `HEADWATER_LOG` (default `info`).

use tracing_subscriber::EnvFilter;

/// Starts logging. A second call does nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env("HEADWATER_LOG").unwrap_or_else(|_| {
        EnvFilter::new("info,datafusion=warn,delta_kernel=warn,buoyant_kernel=warn")
    });
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
}
