//! Signature version 4, for requests without a query
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>).

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use aws_smithy_types::date_time::{DateTime, Format};
use ring::hmac;

use super::request::{Request, encoded};
use crate::tools::hash::{hex, sha256};
use crate::tools::keys::Keys;

/// The headers of a request, its signature among them.
pub(super) fn headers(request: &Request, keys: &Keys, now: SystemTime) -> anyhow::Result<Vec<(&'static str, String)>> {
    let seconds = i64::try_from(now.duration_since(UNIX_EPOCH)?.as_secs())?;
    let time = DateTime::from_secs(seconds).fmt(Format::DateTime)?.replace(['-', ':'], "");
    let day = time.get(..8).context("a time begins with its day")?.to_owned();
    let mut headers = Vec::new();
    if request.target.is_some() {
        headers.push(("content-type", "application/x-amz-json-1.1".to_owned()));
    }
    headers.push(("host", request.host().to_owned()));
    headers.push(("x-amz-date", time.clone()));
    headers.extend(keys.session_token.iter().map(|token| ("x-amz-security-token", token.clone())));
    headers.extend(request.target.map(|target| ("x-amz-target", target.to_owned())));

    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let body = sha256(&request.body);
    // What is encoded in a path is encoded once more in what is signed.
    let path = encoded(&request.path, "/");
    let canonical = format!("{}\n{path}\n\n{lines}\n{names}\n{body}", request.method);
    let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&canonical));
    let secret = format!("AWS4{}", keys.secret_access_key).into_bytes();
    let parts = [day.as_str(), &request.region, request.service, "aws4_request", &text];
    let signature = parts.into_iter().fold(secret, |key, part| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec()
    });
    let credential = format!("{}/{scope}", keys.access_key_id);
    let signature = hex(&signature);
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
    headers.push(("authorization", authorization));
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tools::env::Env;
    use crate::tools::question::Question;

    #[test]
    fn signature_is_that_of_botocore() {
        let keys = Keys {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: Some("a/token".to_owned()),
            expires: None,
        };
        let region = || "us-east-1".parse().unwrap();
        let ecs = Question::TaskDefinition { region: region(), family: "edr".to_owned() };
        let name = "arn:aws:lambda:us-east-1:100000000002:function:edr".to_owned();
        let lambda = Question::Function { region: region(), name };
        for (question, scope, names, signature) in [
            (
                ecs,
                "ecs",
                "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
                "95151324986ba8f32ddea7ce83af0ce83d4b15c83e6176193af43180a90028b2",
            ),
            (
                lambda,
                "lambda",
                "host;x-amz-date;x-amz-security-token",
                "23a8b7ae8c70e75ec5086ebe5aff6c16d25ad4993702eb5db8cf8f7bd6b29584",
            ),
        ] {
            let request = Request::of(&question, &Env::new());
            let headers = headers(&request, &keys, UNIX_EPOCH + Duration::from_secs(1_440_938_160)).unwrap();
            let (_, authorization) = headers.last().unwrap();
            assert_eq!(
                *authorization,
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{scope}/aws4_request, \
                     SignedHeaders={names}, Signature={signature}"
                )
            );
        }
    }
}
