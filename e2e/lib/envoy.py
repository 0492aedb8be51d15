"""Pods without a kubelet: HTTP listeners on 127.x addresses that answer as Envoy and the apps would."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STATS = (Path(__file__).parent / "envoy-stats.txt").read_text()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.server.pages.get(self.path.partition("?")[0])
        self.send_response(404 if body is None else 200)
        text = (body or "not found\n").encode()
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Listener(ThreadingHTTPServer):
    """Serves {path: text} at an address until close()."""
    daemon_threads = True

    def __init__(self, address, port, pages):
        super().__init__((address, port), Handler)
        self.pages = pages
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


def sidecar(address):
    return Listener(address, 15090, {"/stats/prometheus": STATS})


def app(address, port, path="/metrics"):
    text = "# TYPE app_requests_total counter\napp_requests_total 7\n# TYPE go_threads gauge\ngo_threads 9\n"
    return Listener(address, port, {path: text})
