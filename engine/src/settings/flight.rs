//! Section `flight`: where and to whom Flight SQL answers.

use std::path::PathBuf;

use common::host_port::host_and_port;

use super::reader::Reader;

/// Where and to whom Flight SQL answers.
#[derive(Clone)]
pub struct FlightSettings {
    /// `flight.listen`
    pub listen: String,
    /// `flight.user`
    pub user: String,
    /// `flight.password`
    pub password: Option<String>,
    /// `flight.password_file`
    pub password_file: Option<PathBuf>,
    /// `flight.token`
    pub token: Option<String>,
    /// `flight.token_file`
    pub token_file: Option<PathBuf>,
}

impl std::fmt::Debug for FlightSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlightSettings")
            .field("listen", &self.listen)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl FlightSettings {
    pub(super) fn read(from: &mut Reader) -> Self {
        let settings = Self {
            listen: from.text(
                "flight.listen",
                "127.0.0.1:50051",
                "The address that Flight SQL listens on; port 0 takes a free one. One that other machines reach is refused unless somebody has to log in (`flight.password_file`, `flight.token_file`). Passwords and tokens travel in plain text: put a proxy that speaks TLS before such an address.",
            ),
            user: from.text(
                "flight.user",
                "headwater",
                "The user that may log in with the password.",
            ),
            password: from.secret(
                "flight.password",
                "The user's password; better in `flight.password_file`.",
            ),
            password_file: from.optional_path(
                "flight.password_file",
                "A file with the user's password.",
            ),
            token: from.secret(
                "flight.token",
                "A bearer token that may log in; better in `flight.token_file`.",
            ),
            token_file: from.optional_path(
                "flight.token_file",
                "A file with bearer tokens, one a line.",
            ),
        };
        from.add_faults(settings.faults());
        settings
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let address = &self.listen;
        if host_and_port(address).is_none_or(|(_, port)| port.is_none()) {
            faults.push(format!(
                "flight.listen: {address:?} is not host:port, like 127.0.0.1:50051 or [::1]:50051"
            ));
        }
        if self.password.is_some() && self.password_file.is_some() {
            faults.push(
                "flight.password and flight.password_file are both set; keep one of them"
                    .to_owned(),
            );
        }
        faults
    }
}
