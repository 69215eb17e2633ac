//! The way to AWS: one request at a time, through the proxy that this process's environment names, to who shows a certificate
//! that this machine or `AWS_CA_BUNDLE` trusts.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use rustls::CertificateError;
use ureq::http::{HeaderValue, Request, Response, Uri, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy, ProxyProtocol, Timeout};

use crate::tools::aws_error::{AwsError, Cause, of_words};
use crate::tools::env::{self, Env};
use crate::tools::sts::Limits;

/// What this machine trusts, or `SSL_CERT_FILE` and `SSL_CERT_DIR` in its place. Read once: on macOS it takes a third of a
/// second.
static TRUSTED: LazyLock<Vec<Certificate<'static>>> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
});

/// Sends requests, and waits for their answers no longer than its limits.
#[derive(Clone, Debug)]
pub(super) struct Http {
    limits: Limits,
    tls: TlsConfig,
    /// One for each way that was taken: by the proxy's address, or without one.
    agents: Arc<Mutex<BTreeMap<Option<String>, Agent>>>,
}

impl Http {
    /// An authority of one's own is taken from `AWS_CA_BUNDLE` in `vars`.
    pub(super) fn new(vars: &Env, limits: &Limits) -> Result<Self, AwsError> {
        let mut trusted = TRUSTED.clone();
        if let Some(bundle) = env::text(vars, "AWS_CA_BUNDLE") {
            trusted.extend(authorities(bundle)?);
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(trusted))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        Ok(Self { limits: *limits, tls, agents: Arc::default() })
    }

    /// The answer, whatever its status. Redirections are answers too: nothing of AWS redirects these requests.
    pub(super) fn send(&self, mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, AwsError> {
        // A connection that is kept may be closed by the other side just as the next request is sent.
        request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        let uri = request.uri().clone();
        if uri.scheme_str() == Some("https")
            && matches!(self.tls.root_certs(), RootCerts::Specific(all) if all.is_empty())
        {
            return Err(no_authority());
        }
        let proxy = proxy(&uri, &|name| std::env::var(name).ok());
        let agent = self.agent(proxy.as_ref())?;
        let answered = agent.run(request).and_then(|response| {
            let (parts, mut body) = response.into_parts();
            Ok(Response::from_parts(parts, body.read_to_vec()?))
        });
        answered.map_err(|error| self.unanswered(&error, uri.host().unwrap_or_default(), proxy.as_ref()))
    }

    fn agent(&self, proxy: Option<&Named>) -> Result<Agent, AwsError> {
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        let address = proxy.map(|proxy| proxy.address.clone());
        if let Some(agent) = agents.get(&address) {
            return Ok(agent.clone());
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy.map(Named::proxy).transpose()?)
            .timeout_connect(Some(self.limits.connect))
            .timeout_global(Some(self.limits.answer))
            .tls_config(self.tls.clone())
            .build();
        let agent = Agent::from(config);
        agents.insert(address, agent.clone());
        Ok(agent)
    }

    /// Why there was no answer from a host.
    fn unanswered(&self, error: &ureq::Error, host: &str, proxy: Option<&Named>) -> AwsError {
        let (cause, message) = match error {
            ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                (Cause::Timeout, format!("no connection within {} s", self.limits.connect.as_secs_f32()))
            }
            ureq::Error::Timeout(_) => return AwsError::no_answer(&self.limits),
            // `proxy server responded 407/407`
            ureq::Error::ConnectProxyFailed(why) => {
                (Cause::Proxy, why.split('/').next().unwrap_or_default().to_owned())
            }
            ureq::Error::Rustls(error) => (Cause::Tls, insecure(error).to_owned()),
            ureq::Error::Tls(_) => (Cause::Tls, error.to_string()),
            ureq::Error::Io(error) if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) => {
                (Cause::Tls, insecure(error).to_owned())
            }
            ureq::Error::Io(error) => (of_io(error), error.to_string()),
            ureq::Error::HostNotFound => (Cause::Dns, error.to_string()),
            other => (Cause::Unreachable, other.to_string()),
        };
        // A proxy looks the host up, and connects to it: what failed here is the way to the proxy.
        match (cause, proxy) {
            (Cause::Dns | Cause::Unreachable, Some(Named { variable, .. })) => {
                AwsError::new(Cause::Proxy, &format!("{variable}: {message}"))
            }
            _ => AwsError::new(cause, &format!("{host}: {message}")),
        }
    }
}

/// Why a connection is not secure. rustls tells some of it in the words of its code.
fn insecure(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(wrong) => match wrong {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet (is the clock of this machine right?)"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is that of another name"
            }
            CertificateError::UnknownIssuer => "its certificate is signed by an authority that is not trusted here",
            CertificateError::Revoked => "its certificate was revoked",
            _ => "its certificate is none that a server may show (one of an authority, or damaged)",
        },
        rustls::Error::InvalidMessage(_) => "it does not speak TLS",
        _ => "it ended the handshake of TLS",
    }
}

/// The certificates in a file of one's own.
fn authorities(bundle: &str) -> Result<Vec<Certificate<'static>>, AwsError> {
    let wrong =
        |why: String| AwsError::new(Cause::Authorities, &format!("`AWS_CA_BUNDLE`, which is `{bundle}`: {why}"));
    let pem = std::fs::read(bundle).map_err(|error| wrong(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(wrong("no certificate in PEM is in it".to_owned())) } else { Ok(found) }
}

/// That this machine trusts nobody.
fn no_authority() -> AwsError {
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
    let message = match named {
        Some((name, value)) if !Path::new(&value).exists() => format!("`{name}`, which is `{value}`, is not there"),
        Some((name, value)) => format!("`{name}`, which is `{value}`: no certificate in PEM is in it"),
        None => "this machine has no certificates of authorities".to_owned(),
    };
    AwsError::new(Cause::Authorities, &message)
}

fn of_io(error: &io::Error) -> Cause {
    match of_words(&error.to_string().to_lowercase()) {
        cause @ (Cause::Dns | Cause::Timeout) => cause,
        _ => Cause::Unreachable,
    }
}

/// The SDK's requests take the same way.
impl HttpConnector for Http {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(request))
    }
}

impl Http {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (parts, body) = request.into_parts();
        let body = body.bytes().unwrap_or_default().to_vec();
        let response = self.send(Request::from_parts(parts, body)).map_err(|error| match error.cause {
            Cause::Timeout => ConnectorError::timeout(error.into()),
            _ => ConnectorError::io(error.into()),
        })?;
        HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::user(error.into()))
    }
}

/// What [`Http`] told the SDK, if that is why the SDK has no answer.
pub(super) fn told(error: &ConnectorError) -> Option<&AwsError> {
    error.source()?.downcast_ref()
}

/// A proxy, and the variable that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    variable: String,
    address: String,
}

impl Named {
    fn proxy(&self) -> Result<Proxy, AwsError> {
        // The address may hold a password.
        let wrong = |why: &str| AwsError::new(Cause::Proxy, &format!("`{}` {why}", self.variable));
        let proxy = Proxy::new(&self.address).map_err(|_| wrong("is no address"))?;
        match proxy.protocol() {
            ProxyProtocol::Http | ProxyProtocol::Https => Ok(proxy),
            _ => Err(wrong("is no HTTP proxy: those of SOCKS are not supported")),
        }
    }
}

/// The proxy for an address, by the rules that curl, Go and the AWS CLI share: `HTTPS_PROXY` or `HTTP_PROXY` by the scheme,
/// then `ALL_PROXY`, none where `NO_PROXY` names the host. Names in lower case count as well.
fn proxy(uri: &Uri, var: &impl Fn(&str) -> Option<String>) -> Option<Named> {
    let either = |name: &str| {
        let mut names = [name.to_owned(), name.to_lowercase()].into_iter();
        names.find_map(|name| Some((var(&name).filter(|value| !value.is_empty())?, name)))
    };
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    let no_proxy = either("NO_PROXY").map(|(value, _)| value).unwrap_or_default();
    if no_proxy.split(',').any(|entry| is_named(&host, &entry.trim().to_lowercase())) {
        return None;
    }
    let own = if uri.scheme_str() == Some("https") { "HTTPS_PROXY" } else { "HTTP_PROXY" };
    let (address, variable) = either(own).or_else(|| either("ALL_PROXY"))?;
    Some(Named { variable, address })
}

/// Whether an entry of `NO_PROXY` names a host: `*`, the host or a domain above it, an address or a network.
fn is_named(host: &str, entry: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        let (network, bits) = entry.split_once('/').unwrap_or((entry, "128"));
        let same = network.parse().is_ok_and(|network| is_within(address, network, bits.parse().unwrap_or(128)));
        return entry == "*" || same;
    }
    let entry = entry.rsplit_once(':').map_or(entry, |(host, _port)| host);
    let domain = entry.trim_start_matches('*').trim_start_matches('.');
    let above = host.strip_suffix(domain).filter(|_| !domain.is_empty());
    entry == "*" || above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let (one, other, width) = match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits(), 128),
        _ => return false,
    };
    let differ: u128 = one ^ other;
    differ.checked_shr(width - bits.min(width)).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_is_that_of_the_scheme_unless_the_host_is_named() {
        let of = |uri: &str, vars: &[(&str, &str)]| {
            let var = |name: &str| vars.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
            proxy(&uri.parse().unwrap(), &var).map(|proxy| format!("{} {}", proxy.variable, proxy.address))
        };
        let both = [("HTTPS_PROXY", "http://s:1"), ("http_proxy", "http://p:1")];
        assert_eq!(of("https://sts.amazonaws.com/", &both).as_deref(), Some("HTTPS_PROXY http://s:1"));
        assert_eq!(of("http://sts.amazonaws.com/", &both).as_deref(), Some("http_proxy http://p:1"));
        assert_eq!(
            of("https://x/", &[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://a:1")]).as_deref(),
            Some("ALL_PROXY http://a:1")
        );
        assert_eq!(of("https://x/", &[]), None);
        for (uri, no_proxy, is_direct) in [
            ("https://sts.us-east-1.amazonaws.com/", "localhost, amazonaws.com", true),
            ("https://sts.us-east-1.amazonaws.com/", ".amazonaws.com", true),
            ("https://sts.us-east-1.amazonaws.com/", "*.AMAZONAWS.com", true),
            ("https://sts.us-east-1.amazonaws.com/", "*", true),
            ("https://sts.us-east-1.amazonaws.com/", "aws.com,sts,", false),
            ("https://sts.us-east-1.amazonaws.com/", "sts.us-east-1.amazonaws.com:443", true),
            ("https://127.0.0.1:8443/", "127.0.0.1", true),
            ("https://127.0.0.1:8443/", "127.0.0.0/8", true),
            ("https://10.1.2.3/", "127.0.0.0/8,10.1.2.4,0.0.1.2.3", false),
            ("https://10.1.2.3/", "0.0.0.0/0", true),
            ("https://[fd00::1]/", "fd00::/8", true),
            ("https://[fd00::1]/", "fe80::/10,10.0.0.0/8", false),
        ] {
            let found = of(uri, &[("HTTPS_PROXY", "http://s:1"), ("NO_PROXY", no_proxy)]);
            assert_eq!(found.is_none(), is_direct, "{uri} {no_proxy}");
        }
    }

    #[test]
    fn proxy_that_is_none_is_refused_without_its_address() {
        for (address, why) in [
            ("not a url", "`HTTPS_PROXY` is no address"),
            ("socks5://me:secret@localhost:1", "`HTTPS_PROXY` is no HTTP proxy: those of SOCKS are not supported"),
        ] {
            let named = Named { variable: "HTTPS_PROXY".to_owned(), address: address.to_owned() };
            let error = named.proxy().unwrap_err();
            assert_eq!((error.cause, error.message.as_str()), (Cause::Proxy, why));
        }
    }

    #[test]
    fn file_of_authorities_without_any_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("ca.pem");
        std::fs::write(&bundle, "# none\n").unwrap();
        for (path, why) in [(bundle.as_path(), "no certificate in PEM is in it"), (folder.path(), "Is a directory")] {
            let vars = Env::from([("AWS_CA_BUNDLE".into(), path.into())]);
            let error = Http::new(&vars, &crate::tools::sts::LIMITS).unwrap_err();
            assert_eq!(error.cause, Cause::Authorities);
            assert!(error.message.contains(why) && error.message.contains("AWS_CA_BUNDLE"), "{error}");
        }
    }
}
