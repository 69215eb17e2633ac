//! Just enough of HTTP/1.1: one request with a body of known length, one response, and the connection is closed.

use std::io::{self, Read, Write};

use crate::keys::Keys;
use crate::world::World;

/// More than any signed request to STS has.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024;

/// A request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

impl Request {
    /// The keys that it was signed with for a service, and the region, or the code of an error.
    pub(crate) fn signed_by(&self, world: &World, service: &str) -> Result<(Keys, String), &'static str> {
        let header = self.header("authorization").ok_or("MissingAuthenticationToken")?;
        let credential = header
            .strip_prefix("AWS4-HMAC-SHA256 ")
            .and_then(|fields| fields.split(',').find_map(|field| field.trim().strip_prefix("Credential=")));
        let scope: Vec<&str> = credential.unwrap_or_default().split('/').collect();
        let [id, _date, region, signed_for, "aws4_request"] = scope.as_slice() else {
            return Err("IncompleteSignature");
        };
        if *signed_for != service {
            return Err("IncompleteSignature");
        }
        let keys = Keys::of_id(id, world).filter(|keys| self.header("x-amz-security-token") == Some(&keys.token));
        keys.map(|keys| (keys, (*region).to_owned())).ok_or("InvalidClientTokenId")
    }
}

/// Why there is no request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// Nobody is there to answer.
    Gone,
    /// Answered with this status.
    Status(u16),
}

/// A response.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The code of an error, where it is in a header.
    pub(crate) error: Option<String>,
    pub(crate) body: String,
}

/// Reads a request.
pub(super) fn read(from: &mut impl Read) -> Result<Request, Bad> {
    let mut bytes = Vec::new();
    let head_ends = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() > MAX_HEAD {
            return Err(Bad::Status(431));
        }
        more(from, &mut bytes)?;
    };
    let head = String::from_utf8(bytes[..head_ends].to_vec()).map_err(|_| Bad::Status(400))?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (first.next(), first.next(), first.next(), first.next())
    else {
        return Err(Bad::Status(400));
    };
    let mut request = Request { method: method.to_owned(), target: target.to_owned(), ..Request::default() };
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Bad::Status(400))?;
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = match (request.header("content-length"), request.header("transfer-encoding")) {
        (Some(length), None) => length.parse::<usize>().map_err(|_| Bad::Status(400))?,
        (None, None) => 0,
        (_, Some(_)) => return Err(Bad::Status(411)),
    };
    if length > MAX_BODY {
        return Err(Bad::Status(413));
    }
    let body_starts = head_ends + 4;
    while bytes.len() < body_starts + length {
        more(from, &mut bytes)?;
    }
    let body = bytes[body_starts..body_starts + length].to_vec();
    request.body = String::from_utf8(body).map_err(|_| Bad::Status(400))?;
    Ok(request)
}

fn more(from: &mut impl Read, bytes: &mut Vec<u8>) -> Result<(), Bad> {
    let mut piece = [0; 4096];
    match from.read(&mut piece) {
        Ok(0) => Err(Bad::Gone),
        Ok(length) => {
            bytes.extend_from_slice(&piece[..length]);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        Err(_) => Err(Bad::Gone),
    }
}

/// Writes a response, after which the connection is to be closed.
pub(super) fn write(to: &mut impl Write, response: &Response) -> io::Result<()> {
    let reason = match response.status {
        200 => "OK",
        403 => "Forbidden",
        404 => "Not Found",
        411 => "Length Required",
        _ => "Bad Request",
    };
    let kind = if response.body.starts_with('{') { "application/x-amz-json-1.1" } else { "text/xml" };
    let error = response.error.as_ref().map(|code| format!("x-amzn-errortype: {code}\r\n")).unwrap_or_default();
    let text = format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: {kind}\r\n{error}Content-Length: {}\r\nConnection: close\r\n\r\n{}",
        response.status,
        response.body.len(),
        response.body
    );
    to.write_all(text.as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::{Bad, read};

    #[test]
    fn requests_are_whole_or_refused() {
        let request = read(&mut &b"POST / HTTP/1.1\r\nContent-Length: 3\r\nX-Y:  z \r\n\r\na=b"[..]).unwrap();
        assert_eq!((request.body.as_str(), request.header("x-y")), ("a=b", Some("z")));
        for (bytes, bad) in [
            (&b""[..], Bad::Gone),
            (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\na=b", Bad::Gone),
            (b"nonsense\r\n\r\n", Bad::Status(400)),
            (b"POST / HTTP/1.1\r\nnonsense\r\n\r\n", Bad::Status(400)),
            (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", Bad::Status(400)),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", Bad::Status(411)),
            (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", Bad::Status(413)),
            (b"\xff\xff / HTTP/1.1\r\n\r\n", Bad::Status(400)),
        ] {
            assert_eq!(read(&mut &*bytes).unwrap_err(), bad, "{}", bytes.escape_ascii());
        }
        let endless = vec![b'a'; 2 * super::MAX_HEAD];
        assert_eq!(read(&mut endless.as_slice()).unwrap_err(), Bad::Status(431));
    }
}
