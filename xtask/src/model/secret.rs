//! Which names say that their values are secret, and which values look like it.

/// Endings of names that are about a secret and have none: where it lies, what it is called, when it ends.
const ABOUT: [&str; 6] = ["_ARN", "_FILE", "_PATH", "_EXPIRATION", "_TTL", "_NAME"];

/// Whether the name of a variable, or a key such as `dbPassword` or `api-key`, says that its value is secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    let marks = [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSPHRASE",
        "ACCESS_KEY",
        "ACCESSKEY",
        "CREDENTIAL",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
        "PRIVATEKEY",
        "AUTHORIZATION",
        "OP_SESSION",
    ];
    marks.iter().any(|mark| name.contains(mark)) && !ABOUT.iter().any(|ending| name.ends_with(ending))
}

/// Whether a value looks as if somebody had drawn it by lot: long, letters and digits, and neither the place nor the name
/// of something.
pub fn looks_drawn(value: &str) -> bool {
    const PLACES: [&str; 6] = ["/", "./", "~", "arn:", "http://", "https://"];
    let has = |is: fn(&char) -> bool| value.chars().any(|letter| is(&letter));
    value.len() >= 16
        && has(char::is_ascii_alphabetic)
        && has(char::is_ascii_digit)
        && !has(|letter| letter.is_whitespace())
        && !PLACES.iter().any(|place| value.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_about_secrets() {
        for name in [
            "GITHUB_OAUTH_TOKEN",
            "TF_VAR_npm_token",
            "AWS_ACCESS_KEY_ID",
            "DB_PASSWORD",
            "OP_SESSION_acme",
            "apiKey",
            "private-key",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in
            ["AWS_REGION", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CREDENTIAL_EXPIRATION", "TF_VAR_token_secret_arn"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn what_was_drawn_by_lot_is_told_from_words_ids_and_places() {
        assert!(looks_drawn("wJalrXUtnFEMI/K7MDENG") && looks_drawn("lease-7f3a91c0d2e4b586"));
        for plain in
            ["your-dev-administrator", "100000000004", "us-east-1", "/home/x/y1/z/aaaaaaaaaa", "arn:aws:iam::1:role/x"]
        {
            assert!(!looks_drawn(plain), "{plain}");
        }
    }
}
