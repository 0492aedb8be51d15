"""A proxy between `binnacle sync` and its Prometheus."""

import http.server
import threading
import time
import urllib.error
import urllib.request


class Between:
    """An HTTP proxy between sync and its Prometheus; `before(method, path)` is called ahead of each request."""

    def __init__(self, case, there):
        self.there = there
        self.seen = []  # (time, "METHOD /path")
        self.before = lambda method, path: None
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                between.pass_on(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        case.undo.append(self.server.shutdown)

    def pass_on(self, handler):
        handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.seen.append((time.monotonic(), f"{handler.command} {handler.path}"))
        self.before(handler.command, handler.path)
        request = urllib.request.Request(self.there + handler.path, method=handler.command)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        except OSError:
            status, body = 502, b""
        try:
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass  # who asked is gone

    def reloads(self):
        return sum(line == "POST /-/reload" for _, line in self.seen)
