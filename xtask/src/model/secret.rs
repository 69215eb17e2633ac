//! Which names say that their values are secret.

/// Whether a variable's name says that its value is secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSPHRASE", "ACCESS_KEY", "CREDENTIAL", "API_KEY", "PRIVATE_KEY", "AUTHORIZATION"]
        .iter()
        .any(|mark| name.contains(mark))
}
