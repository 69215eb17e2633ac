"""An AWS on loopback, for one test: moto's HTTP server and its intercepting proxy.

Both live in one process, since keys that STS hands out are known only to the
process that made them. The ports are whatever is free; one line on stdout says
them: `ready HTTP 40001 PROXY 40002`. The process ends when its stdin is closed,
so it can't outlive the test that holds the other end, however that test ends.

The argument is a folder for the certificates of the hosts that the proxy plays.
moto would put them into its own package, where two processes that meet a new
host at the same moment overwrite each other's.
"""

import logging
import os
import shutil
import sys
import threading
from http.server import ThreadingHTTPServer

os.environ["TEST_PROXY_MODE"] = "true"

from moto.moto_proxy.certificate_creator import CertificateCreator  # noqa: E402
from moto.moto_proxy.proxy3 import MotoRequestHandler, ProxyRequestHandler  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

from sign_in import SignIn  # noqa: E402


class QuietProxy(ProxyRequestHandler):
    def log_message(self, format, *args):
        pass

    def parse_request(self):
        """Notes what was asked: a line for every request, `HOST` or `METHOD PATH HOST`."""
        parsed = super().parse_request()
        if parsed and self.command != "CONNECT":
            with open(os.path.join(sys.argv[1], "asked"), "a") as asked:
                asked.write(f"{self.headers.get('Host', '')}\n")
        return parsed


def let_sign_in(folder):
    """Lets the proxy answer what moto has no answer to."""
    sign_in, moto = SignIn(folder), MotoRequestHandler.parse_request

    def parse_request(self, method, host, path, headers, body, form_data):
        # moto doesn't know the endpoints for FIPS and dual-stack by their names.
        host = host.replace("-fips.", ".").replace(".api.aws", ".amazonaws.com")
        answer = sign_in.answer(host, path, headers, body)
        return moto(self, method, host, path, headers, body, form_data) if answer is None else answer

    MotoRequestHandler.parse_request = parse_request


def main():
    certificates = sys.argv[1]
    let_sign_in(certificates)
    shutil.copy(os.path.join(CertificateCreator.certdir, "req.conf.tmpl"), certificates)
    CertificateCreator.certdir = certificates
    # These two would write a line for every request, one of them to stdout.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("MOTO_PROXY").setLevel(logging.ERROR)
    QuietProxy.validate()

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, http_port = server.get_host_and_port()
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), QuietProxy)
    # moto looks its own address up here when it builds URLs of its own.
    os.environ["MOTO_PORT"] = str(proxy.server_port)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()

    print(f"ready HTTP {http_port} PROXY {proxy.server_port}", flush=True)
    sys.stdin.buffer.read()
    # Nothing here is worth keeping, so no thread is waited for.
    os._exit(0)


main()
