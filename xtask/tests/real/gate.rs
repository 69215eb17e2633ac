//! Holds applies in the middle until a test lets them go on.
//!
//! The module's provisioner connects, says whose apply it is and waits for an
//! answer. When the test ends without one, however it ends, the connection closes
//! and the provisioner fails: nothing waits for a test that is gone.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Longer than anything takes that works, so that a test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where applies arrive.
pub(crate) struct Gate {
    port: u16,
    arrivals: Mutex<Receiver<Held>>,
}

/// An apply that waits.
pub(crate) struct Held {
    account: String,
    connection: TcpStream,
}

impl Gate {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, arrivals) = mpsc::channel();
        // Ends with the first arrival that nobody is there to receive, at the
        // latest with the process.
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let mut account = String::new();
                let heard = BufReader::new(&connection).read_line(&mut account);
                let held = Held { account: account.trim().to_owned(), connection };
                if heard.is_ok() && sender.send(held).is_err() {
                    return;
                }
            }
        });
        Self { port, arrivals: Mutex::new(arrivals) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the next apply that gets to the gate.
    pub(crate) fn next(&self) -> Held {
        self.arrival().expect("an apply gets to the gate")
    }

    /// The same, or nothing if none gets there.
    pub(crate) fn arrival(&self) -> Option<Held> {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.recv_timeout(PATIENCE).ok()
    }
}

impl Held {
    /// The account whose apply this is.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// Lets the apply go on.
    pub(crate) fn let_go(mut self) {
        self.connection.write_all(b"go\n").expect("the apply still waits");
    }
}
