//! `headwater keys`: makes a key ring file, adds to it, lists it.

use std::io::Read;
use std::path::Path;

use crate::cli::{KeysAction, KeysArgs};
use crate::failure::{Failure, Outcome};
use crate::key_file::{KeyFile, StoredKey};
use crate::private_file::PrivateFile;

/// Runs the command.
pub fn run(args: &KeysArgs) -> Outcome {
    match &args.action {
        KeysAction::Make { file, id, bits } => make(file, id, *bits),
        KeysAction::Add {
            file,
            id,
            bits,
            stdin,
        } => add(file, id, *bits, *stdin),
        KeysAction::List { file, show_secrets } => list(file, *show_secrets),
    }
}

fn make(file: &Path, id: &str, bits: usize) -> Outcome {
    StoredKey::check_id(id)?;
    let place = PrivateFile::lock(file)?;
    if file.exists() {
        return Err(Failure::invalid(vec![format!(
            "{} is there already; `headwater keys add` puts a key into it",
            file.display()
        )]));
    }
    let keys = KeyFile {
        keys: vec![StoredKey::fresh(id, bits)?],
    };
    keys.write(&place)?;
    println!("made {} with key {id} ({bits} bits)", file.display());
    Ok(())
}

fn add(file: &Path, id: &str, bits: usize, stdin: bool) -> Outcome {
    StoredKey::check_id(id)?;
    let key = if stdin {
        let mut secret = String::new();
        std::io::stdin().read_to_string(&mut secret).map_err(|e| {
            Failure::invalid(vec![format!(
                "standard input: {e}; it takes 16 or 32 bytes in base64, as `openssl rand -base64 \
                 32` gives them"
            )])
        })?;
        StoredKey {
            id: id.to_owned(),
            secret: secret.trim().to_owned(),
        }
    } else {
        StoredKey::fresh(id, bits)?
    };
    let bits = key.bytes()?.len() * 8;
    let place = PrivateFile::lock(file)?;
    let mut keys = if file.exists() {
        KeyFile::read(file)?
    } else {
        KeyFile { keys: Vec::new() }
    };
    if keys.keys.iter().any(|k| k.id == id) {
        return Err(Failure::invalid(vec![format!(
            "{} has a key {id} already; a key is never replaced, since old records need it",
            file.display()
        )]));
    }
    keys.keys.push(key);
    keys.write(&place)?;
    println!(
        "added key {id} ({bits} bits) to {}; a server that runs knows it after its next start",
        file.display()
    );
    Ok(())
}

fn list(file: &Path, show_secrets: bool) -> Outcome {
    for key in KeyFile::read(file)?.keys {
        let bits = key.bytes()?.len() * 8;
        if show_secrets {
            println!("{}\t{bits} bits\t{}", key.id, key.secret);
        } else {
            println!("{}\t{bits} bits", key.id);
        }
    }
    Ok(())
}
