"""Between binnacle and the API server: answers with faults, delays, cuts connections."""

import re
import socket
import ssl
import threading
import time

HEAD_MAX = 64 * 1024


class Proxy:
    """A TLS server with a certificate of the control plane's CA; one thread for each connection.

    rules: [(pattern of "METHOD /path", action)], the first that matches counts:
    an int is a status to answer with, a float seconds to wait before the request goes on.
    """

    def __init__(self, plane):
        self.port_there = plane.api.port
        self.rules = []
        self.seen = []  # (time, "METHOD /path") of every request
        self.open = set()
        pki = plane.dir / "pki"
        self.here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.here.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
        self.there = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def kubeconfig(self, path):
        """Point an existing kubeconfig here."""
        path.write_text(path.read_text().replace(f":{self.port_there}", f":{self.port}"))
        return path

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        try:
            client = self.here.wrap_socket(raw, server_side=True)
            self.open.add(client)
            while self.exchange(client):
                pass
        except OSError:
            pass
        finally:
            raw.close()

    def exchange(self, client):
        """One request and its answer; false when the connection is done."""
        request = read_request(client)
        if not request:
            return False
        line = request.partition(b" HTTP/")[0].decode()
        self.seen.append((time.monotonic(), line))
        action = next((action for pattern, action in self.rules if re.search(pattern, line)), None)
        if isinstance(action, int):
            client.sendall(fault(action))
            return True
        if action is not None:
            time.sleep(action)
        self.forward(client, request)
        return False

    def forward(self, client, request):
        """Pass the request on alone in its connection; the answer ends with it."""
        # "Connection: close" makes the end of every answer, watches too, the end of the stream.
        head, _, body = request.partition(b"\r\n\r\n")
        request = head + b"\r\nConnection: close\r\n\r\n" + body
        with socket.create_connection(("127.0.0.1", self.port_there)) as raw:
            server = self.there.wrap_socket(raw, server_hostname="127.0.0.1")
            self.open.add(server)
            server.sendall(request)
            while data := server.recv(65536):
                client.sendall(data)
            self.open.discard(server)
        client.close()

    def cut(self):
        """End every connection, so that watches have to begin anew."""
        for one in list(self.open):
            self.open.discard(one)
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def count(self, pattern):
        return sum(1 for _, line in self.seen if re.search(pattern, line))

    def close(self):
        self.listener.close()
        self.cut()


def read_request(client):
    """Head and body of the next request, b"" at the end."""
    data = b""
    while b"\r\n\r\n" not in data and len(data) < HEAD_MAX:
        more = client.recv(65536)
        if not more:
            return b""
        data += more
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", data)
    missing = data.index(b"\r\n\r\n") + 4 + int(length.group(1) if length else 0) - len(data)
    while missing > 0:
        more = client.recv(missing)
        missing -= len(more) or missing
        data += more
    return data


def fault(status):
    body = b'{"kind":"Status","apiVersion":"v1","status":"Failure","message":"a fault of the test","code":%d}' % status
    return (b"HTTP/1.1 %d Fault\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
            + body)
