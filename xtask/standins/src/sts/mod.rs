//! `xtask-standin sts --world WORLD`: AWS on loopback. It says whose keys a request was signed with, as STS does, and answers
//! for the services that are asked in JSON.
//!
//! It prints `ready PORT` once it listens, and ends when its stdin closes, so that it never outlives who started it.

mod answer;
pub(crate) mod http;

use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::api;
use crate::args::{self, Takes};
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::world::World;

/// How long a client may take to send the next piece of its request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens until stdin closes.
pub(crate) fn run(args: &[String]) -> Outcome {
    let parsed = args::go(&[("world", Takes::Value)], args).map_err(|text| Refusal::new(2, text))?;
    let (Some(folder), []) = (parsed.value("world"), parsed.rest.as_slice()) else {
        return Err(Refusal::new(2, "usage: xtask-standin sts --world WORLD"));
    };
    World::open(Path::new(folder))?;
    let folder = Arc::new(Path::new(folder).to_owned());
    let listen = |error| Refusal::of_rehearsal("listen on loopback", error);
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(listen)?;
    let port = listener.local_addr().map_err(listen)?.port();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let folder = Arc::clone(&folder);
            thread::spawn(move || serve(&folder, connection));
        }
    });
    out::line(&format!("ready {port}"));
    wait_for_end(io::stdin());
    Ok(())
}

/// Answers one request and closes; a client that sends nonsense, or nothing, gets what it deserves and no more.
fn serve(folder: &Path, mut connection: TcpStream) {
    // What goes wrong may change from one question to the next.
    let Ok(world) = World::open(folder) else { return };
    let _ = connection.set_read_timeout(Some(PATIENCE));
    let _ = connection.set_write_timeout(Some(PATIENCE));
    let response = match http::read(&mut connection) {
        Ok(request) if api::is_for(&request) => api::answer(&world, &request),
        Ok(request) => answer::answer(&world, &request),
        Err(http::Bad::Gone) => return,
        Err(http::Bad::Status(status)) => http::Response { status, error: None, body: String::new() },
    };
    let _ = http::write(&mut connection, &response);
}

fn wait_for_end(mut stdin: impl Read) {
    let mut ignored = [0; 256];
    loop {
        match stdin.read(&mut ignored) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}
