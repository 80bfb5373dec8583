//! Who may log in to `headwater serve`, by its settings.

use engine::settings::FlightSettings;
use flight_server::Credentials;

use crate::failure::{Failure, Outcome};
use crate::secrets::{read_line, read_lines};

/// The credentials that the settings name; everybody is let in only where none of these settings is
/// given. A secret that is empty or cannot be read is a fault, never an open door; all faults come
/// at once.
pub fn credentials(flight: &FlightSettings) -> Outcome<Credentials> {
    let mut faults = Vec::new();
    let given = flight.password.is_some()
        || flight.password_file.is_some()
        || flight.token.is_some()
        || flight.token_file.is_some();
    if !given {
        return Ok(Credentials::open());
    }
    let mut credentials = Credentials::closed();
    if flight.password.is_some() && flight.password_file.is_some() {
        faults.push("flight.password and flight.password_file are both set; keep one".to_owned());
    }
    let mut taken = |setting: &str, read: Result<Vec<String>, String>| match read {
        Ok(secrets) if secrets.iter().all(|s| !s.is_empty()) => secrets,
        Ok(_) => {
            faults.push(format!(
                "{setting} is empty; give it a value or take it out"
            ));
            Vec::new()
        }
        Err(e) => {
            faults.push(format!("{setting}: {e}"));
            Vec::new()
        }
    };
    let one = |secret: String| vec![secret];
    if let Some(password) = &flight.password {
        for password in taken("flight.password", Ok(one(password.clone()))) {
            credentials = credentials.with_user(&flight.user, &password);
        }
    }
    if let Some(file) = &flight.password_file {
        for password in taken("flight.password_file", read_line(file).map(one)) {
            credentials = credentials.with_user(&flight.user, &password);
        }
    }
    if let Some(token) = &flight.token {
        for token in taken("flight.token", Ok(one(token.clone()))) {
            credentials = credentials.with_token(&flight.user, &token);
        }
    }
    if let Some(file) = &flight.token_file {
        for token in taken("flight.token_file", read_lines(file)) {
            credentials = credentials.with_token(&flight.user, &token);
        }
    }
    if faults.is_empty() {
        Ok(credentials)
    } else {
        Err(Failure::invalid(faults))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn none() -> FlightSettings {
        FlightSettings {
            listen: String::new(),
            user: "headwater".to_owned(),
            password: None,
            password_file: None,
            token: None,
            token_file: None,
        }
    }

    fn faults(flight: &FlightSettings) -> String {
        format!("{:?}", credentials(flight).unwrap_err())
    }

    #[test]
    fn the_door_is_open_only_where_no_credential_is_set() {
        assert!(credentials(&none()).unwrap().is_open());
        let password = FlightSettings {
            password: Some("word".to_owned()),
            ..none()
        };
        assert!(!credentials(&password).unwrap().is_open());
        let token = FlightSettings {
            token: Some("t0ken".to_owned()),
            ..none()
        };
        assert!(!credentials(&token).unwrap().is_open());
    }

    #[test]
    fn empty_secrets_are_refused_all_at_once_by_the_settings_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| -> Option<PathBuf> {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            Some(file)
        };
        let empty = FlightSettings {
            password: Some(String::new()),
            token: Some(String::new()),
            token_file: file("tokens", "\n \n"),
            ..none()
        };
        let all = faults(&empty);
        for part in [
            "flight.password is empty",
            "flight.token is empty",
            "flight.token_file: ",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        let files = FlightSettings {
            password_file: file("password", "\n"),
            token_file: Some(folder.path().join("gone")),
            ..none()
        };
        let all = faults(&files);
        for part in ["flight.password_file: ", "flight.token_file: "] {
            assert!(all.contains(part), "{part}: {all}");
        }
        let both = FlightSettings {
            password: Some("word".to_owned()),
            password_file: file("password", "word\n"),
            ..none()
        };
        assert!(faults(&both).contains("keep one"));
    }
}
