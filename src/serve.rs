//! `headwater serve`: the engine against a Kafka, answering Flight SQL until told to stop.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use engine::settings::{FlightSettings, Settings};
use engine::{Engine, EngineError};
use flight_server::{Credentials, ServerConfig};
use tokio::signal::unix::{SignalKind, signal};

use crate::backend::EngineBackend;
use crate::cli::ServeArgs;
use crate::failure::{Failure, Outcome};
use crate::key_file::KeyFile;
use crate::logging;
use crate::settings::read_settings;

/// Runs the command.
pub fn run(args: &ServeArgs) -> Outcome {
    logging::start();
    let mut flags = args.set.clone();
    if let Some(listen) = &args.listen {
        flags.push(format!("flight.listen={listen}"));
    }
    let settings = read_settings(&args.config, &flags)?;
    let credentials = credentials(&settings.flight)?;
    let keys = KeyFile::read(&settings.keys_file)?.ring()?;
    let listener = bind(&settings.flight.listen)?;
    let engine = Engine::start(&settings, &keys)?;
    let address = listener.local_addr()?;
    println!("listening on grpc://{address}");
    let served = until_stopped(&settings, &engine, listener, credentials);
    let stopped = engine.stop();
    served?;
    stopped?;
    println!("stopped; everything read is committed");
    Ok(())
}

/// Takes the port before anything is read: a port in use is said at start.
pub fn bind(address: &str) -> Outcome<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|e| {
        Failure::invalid(vec![format!(
            "cannot listen on {address}: {e}; choose another address with flight.listen or --listen"
        )])
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until a signal, a failure of the server, or one of the engine that a process cannot
/// outlive.
fn until_stopped(
    settings: &Settings,
    engine: &Engine,
    listener: TcpListener,
    credentials: Credentials,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(settings.query.threads)
        .thread_name("query")
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let backend = Arc::new(EngineBackend::new(engine.sessions()));
        let config = ServerConfig {
            credentials,
            query_timeout: Some(settings.query.timeout),
            ..ServerConfig::default()
        };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = flight_server::serve(listener, backend, config, async {
            let _ = stopped.await;
        });
        tokio::pin!(server);
        let failed = tokio::select! {
            served = &mut server => return served.map_err(Failure::from),
            _ = tokio::signal::ctrl_c() => None,
            _ = terminate.recv() => None,
            failed = engine.failed() => Some(failed),
        };
        drop(stop);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), &mut server).await;
        failed.map_or(Ok(()), |e: EngineError| Err(Failure::from(e)))
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    outcome
}

fn credentials(flight: &FlightSettings) -> Outcome<Credentials> {
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|e| Failure::invalid(vec![format!("{}: {e}", path.display())]))
    };
    let mut credentials = Credentials::new();
    let password = match (&flight.password, &flight.password_file) {
        (Some(password), None) => Some(password.clone()),
        (None, Some(file)) => Some(read(file)?.trim_end_matches(['\r', '\n']).to_owned()),
        (None, None) => None,
        (Some(_), Some(_)) => {
            return Err(Failure::invalid(vec![
                "flight.password and flight.password_file are both set; keep one".into(),
            ]));
        }
    };
    if let Some(password) = password {
        credentials = credentials.with_user(&flight.user, &password);
    }
    if let Some(token) = &flight.token {
        credentials = credentials.with_token(&flight.user, token);
    }
    if let Some(file) = &flight.token_file {
        for token in read(file)?.lines().map(str::trim).filter(|t| !t.is_empty()) {
            credentials = credentials.with_token(&flight.user, token);
        }
    }
    Ok(credentials)
}
