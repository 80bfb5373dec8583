//! Who makes a call, and what they chose: read from its headers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::client_sessions::{ClientSessions, Session};
use crate::client_settings::{ClientSettings, HEADERS};
use crate::connection::Connection;
use crate::credentials::{ANONYMOUS, Credentials, Fingerprint, fingerprint};
use crate::wire::Profile;
use crate::{SessionOptions, status};

/// JDBC drivers up to 18.3 are known by gRPC's own user agent; later ones send their name.
const OLD_JAVA_AGENT: &str = "grpc-java-netty/";
const JAVA_AGENT: &str = "JDBC Flight SQL Driver";

const LOGIN_HINT: &str = "log in with user and password or with a token \
    (JDBC: ?user=…&password=… or ?token=…; ADBC: username and password, or \
    authorization_header \"Bearer …\"; headwater sql: --user and --password-file, or --token-file)";

/// The caller of one call.
pub(crate) struct Caller {
    pub(crate) session: Arc<Session>,
    pub(crate) connection: Connection,
    /// The session's choices, under those of this call's headers.
    pub(crate) settings: ClientSettings,
    pub(crate) profile: Profile,
    /// The instant that the caller waits until, by its `grpc-timeout`.
    pub(crate) deadline: Option<Instant>,
}

impl Caller {
    /// Finds out who calls; an error if they may not.
    pub(crate) fn identify(
        headers: &MetadataMap,
        connection: Option<&Connection>,
        credentials: &Credentials,
        sessions: &ClientSessions,
    ) -> Result<Self, Status> {
        let connection = connection.cloned().unwrap_or_default();
        let user = match Login::from_headers(headers)? {
            Login::None if credentials.is_open() => ANONYMOUS.into(),
            Login::None => return Err(not_logged_in()),
            Login::Basic { user, password } => check_password(credentials, &user, &password)?,
            Login::Bearer(token) => {
                let key = fingerprint(&token);
                if let Some(session) = sessions.of_token(&key) {
                    return Self::new(headers, session, connection);
                }
                user_of_token(credentials, &key)?
            }
        };
        let session = connection.session(user);
        Self::new(headers, session, connection)
    }

    fn new(
        headers: &MetadataMap,
        session: Arc<Session>,
        connection: Connection,
    ) -> Result<Self, Status> {
        let settings = settings_of_call(headers, &session)?;
        let agent = agent(headers);
        let old_java = agent.starts_with(OLD_JAVA_AGENT);
        let profile = Profile {
            native: settings.native.unwrap_or(false),
            naive_timestamps: settings.naive_timestamps.unwrap_or(old_java),
            java: old_java || agent.contains(JAVA_AGENT),
        };
        Ok(Self {
            session,
            connection,
            settings,
            profile,
            deadline: deadline(headers),
        })
    }

    pub(crate) fn user(&self) -> &Arc<str> {
        &self.session.user
    }

    pub(crate) fn options(&self) -> SessionOptions {
        self.settings.options(self.user())
    }
}

/// What a call says of its caller.
pub(crate) enum Login {
    None,
    Basic { user: String, password: String },
    Bearer(String),
}

impl Login {
    pub(crate) fn from_headers(headers: &MetadataMap) -> Result<Self, Status> {
        if let Some(value) = headers.get("authorization") {
            let value = value
                .to_str()
                .map_err(|_| unauthenticated("the authorization header is not text"))?;
            return Self::parse(value);
        }
        // Flight's older handshake, by payload, sends its token back under this name.
        if let Some(token) = headers.get_bin("auth-token-bin") {
            let token = token
                .to_bytes()
                .map_err(|_| unauthenticated("the auth-token-bin header is not base64"))?;
            let token = String::from_utf8(token.to_vec())
                .map_err(|_| unauthenticated("the auth-token-bin header is not a token"))?;
            if !token.is_empty() {
                return Ok(Self::Bearer(token));
            }
        }
        Ok(Self::None)
    }

    fn parse(value: &str) -> Result<Self, Status> {
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Self::Bearer(rest.to_owned()));
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let pair = decode_base64(rest)
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| unauthenticated("the Basic authorization is not base64 of UTF-8"))?;
            let (user, password) = pair
                .split_once(':')
                .ok_or_else(|| unauthenticated("the Basic authorization has no password"))?;
            return Ok(Self::Basic {
                user: user.to_owned(),
                password: password.to_owned(),
            });
        }
        Err(unauthenticated(&format!(
            "the authorization scheme is neither Basic nor Bearer; {LOGIN_HINT}"
        )))
    }
}

/// Clients send base64 with and without padding, in both alphabets.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [STANDARD, URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok())
}

pub(crate) fn check_password(
    credentials: &Credentials,
    user: &str,
    password: &str,
) -> Result<Arc<str>, Status> {
    if credentials.is_open() {
        return Ok(ANONYMOUS.into());
    }
    credentials
        .user(user, password)
        .ok_or_else(|| unauthenticated("the user or the password is wrong"))
}

/// The name that a token of the configuration stands for.
pub(crate) fn user_of_token(
    credentials: &Credentials,
    token: &Fingerprint,
) -> Result<Arc<str>, Status> {
    if credentials.is_open() {
        return Ok(ANONYMOUS.into());
    }
    credentials.bearer(token).ok_or_else(|| {
        unauthenticated("the token is unknown, or its session has ended: connect again")
    })
}

pub(crate) fn not_logged_in() -> Status {
    unauthenticated(&format!("this server asks for a login: {LOGIN_HINT}"))
}

pub(crate) fn unauthenticated(message: &str) -> Status {
    status::status(tonic::Code::Unauthenticated, message)
}

fn settings_of_call(headers: &MetadataMap, session: &Session) -> Result<ClientSettings, Status> {
    let mut settings = session.settings.read().clone();
    for name in HEADERS {
        let value = headers
            .get(*name)
            .or_else(|| headers.get(name.replace('_', "-").as_str()));
        let Some(value) = value else { continue };
        let value = value
            .to_str()
            .map_err(|_| status::invalid(format!("header {name} is not text")))?;
        settings
            .set(name, value)
            .map_err(|e| status::invalid(format!("header {name}: {}", e.message())))?;
    }
    Ok(settings)
}

fn agent(headers: &MetadataMap) -> &str {
    headers
        .get("user-agent")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
}

/// gRPC's timeout: up to eight digits and a unit.
fn deadline(headers: &MetadataMap) -> Option<Instant> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let n: u64 = digits.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(n.checked_mul(3_600)?),
        "M" => Duration::from_secs(n.checked_mul(60)?),
        "S" => Duration::from_secs(n),
        "m" => Duration::from_millis(n),
        "u" => Duration::from_micros(n),
        "n" => Duration::from_nanos(n),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn login(value: &str) -> Result<(String, String), Status> {
        match Login::parse(value)? {
            Login::Basic { user, password } => Ok((user, password)),
            Login::Bearer(token) => Ok(("bearer".to_owned(), token)),
            Login::None => Ok(Default::default()),
        }
    }

    #[test]
    fn basic_is_read_with_and_without_padding() {
        for text in ["Basic dXNlcjpwYTpzcw==", "basic dXNlcjpwYTpzcw"] {
            assert_eq!(
                login(text).unwrap(),
                ("user".to_owned(), "pa:ss".to_owned()),
                "{text}"
            );
        }
        assert_eq!(login("bearer abc").unwrap().1, "abc");
        assert!(login("Negotiate abc").is_err());
        assert!(login("Basic !!!").is_err());
    }

    #[test]
    fn timeouts_are_read_in_every_unit() {
        for (text, some) in [
            ("10S", true),
            ("5m", true),
            ("7H", true),
            ("x", false),
            ("", false),
            ("10", false),
            ("99999999H", true),
        ] {
            let mut headers = MetadataMap::new();
            headers.insert("grpc-timeout", text.parse().unwrap());
            assert_eq!(deadline(&headers).is_some(), some, "{text}");
        }
    }
}
