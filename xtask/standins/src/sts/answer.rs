//! What STS answers to a request.

use serde_json::json;

use super::http::{Request, Response};
use crate::digest;
use crate::keys::{self, Keys};
use crate::world::World;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Answers a request. The signature isn't checked, but key and session token must be those that were handed out.
pub(super) fn answer(world: &World, request: &Request) -> Response {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let form = if request.method == "POST" { request.body.as_str() } else { query };
    let field = |name: &str| {
        form.split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    };
    if let (Some("AssumeRoleWithWebIdentity"), Some("2011-06-15")) = (field("Action"), field("Version")) {
        return web_identity(
            world,
            field("RoleArn").unwrap_or_default(),
            field("WebIdentityToken").unwrap_or_default(),
        );
    }
    let keys = match request.signed_by(world, "sts") {
        Ok((keys, _)) => keys,
        Err(code) => return error(403, code, message_of(code)),
    };
    // A log that can't be written is no reason to leave a client without an answer.
    let _ = world.log(json!({ "event": "sts", "action": field("Action"), "account": keys.account }));
    if let Ok(Some(code)) = world.sts_refuses(&keys.account) {
        let status = if code.starts_with("Service") {
            503
        } else if code.starts_with("Throttl") {
            400
        } else {
            403
        };
        return error(status, code, message_of(code));
    }
    match (field("Action"), field("Version")) {
        (Some("GetCallerIdentity"), Some("2011-06-15")) => {
            Response { status: 200, error: None, body: identity(&keys, world) }
        }
        _ => error(400, "InvalidAction", "Could not find operation for this action and version"),
    }
}

/// The only token that the identity provider of a rehearsal has signed.
const TOKEN: &str = "rehearsal-web-identity";

/// The keys of a role, for a token in the place of a signature.
fn web_identity(world: &World, role: &str, token: &str) -> Response {
    let role = role.replace("%3A", ":").replace("%2F", "/");
    let account = keys::account_of_arn(&role).ok().filter(|account| world.knows(account));
    let (Some(account), TOKEN) = (account, token) else {
        return error(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for this token");
    };
    let _ = world.log(json!({ "event": "sts", "action": "AssumeRoleWithWebIdentity", "account": account }));
    let keys = Keys::of(account);
    let body = format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"{NAMESPACE}\">\n  <AssumeRoleWithWebIdentityResult>\n    \
         <Credentials>\n      <AccessKeyId>{}</AccessKeyId>\n      <SecretAccessKey>{}</SecretAccessKey>\n      \
         <SessionToken>{}</SessionToken>\n      <Expiration>2099-01-01T00:00:00Z</Expiration>\n    </Credentials>\n  \
         </AssumeRoleWithWebIdentityResult>\n</AssumeRoleWithWebIdentityResponse>\n",
        keys.id, keys.secret, keys.token
    );
    Response { status: 200, error: None, body }
}

/// What AWS says with a code.
fn message_of(code: &str) -> &'static str {
    match code {
        "ExpiredToken" => "The security token included in the request is expired",
        "MissingAuthenticationToken" => "Request is missing Authentication Token",
        "IncompleteSignature" => "Authorization header requires a credential scoped to sts",
        "InvalidClientTokenId" => "The security token included in the request is invalid.",
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for \
             this request should have been\n'POST\n/\n'"
        }
        "AccessDenied" => "User is not authorized to perform: sts:GetCallerIdentity with an explicit deny",
        "Throttling" => "Rate exceeded",
        _ => "It went wrong",
    }
}

fn identity(keys: &Keys, world: &World) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\">\n  <GetCallerIdentityResult>\n    <Arn>{}</Arn>\n    \
         <UserId>{}</UserId>\n    <Account>{}</Account>\n  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    \
         <RequestId>{}</RequestId>\n  </ResponseMetadata>\n</GetCallerIdentityResponse>\n",
        keys.arn(world),
        keys.user_id(),
        keys.account,
        digest::uuid(&keys.id)
    )
}

fn error(status: u16, code: &str, message: &str) -> Response {
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n    \
         <Message>{message}</Message>\n  </Error>\n  <RequestId>{}</RequestId>\n</ErrorResponse>\n",
        digest::uuid(code)
    );
    Response { status, error: None, body }
}
