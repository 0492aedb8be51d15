"""An HTTP/1.1 server with TLS before the real API server, whose answers a row of faults can write itself."""

import http.client
import json
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

HEAD_MAX = 64 * 1024
LOST = (OSError, ValueError, http.client.HTTPException, AttributeError)


class Cut(Exception):
    """The connection is gone, because the row wanted it."""


def status_body(code, reason="", message="a fault of the test", **details):
    """A Status as the API server writes them; `details` may hold causes and retryAfterSeconds."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "reason": reason, "code": code, **({"details": details} if details else {})}


def event(kind, thing):
    return json.dumps({"type": kind, "object": thing}).encode() + b"\n"


class Exchange:
    """One request and its answer; a watch stays in Proxy.live until it ends."""

    def __init__(self, proxy, client, line, headers, body):
        self.proxy = proxy
        self.client = client
        self.line = line  # "METHOD /path?query"
        self.method, _, self.path = line.partition(" ")
        where, _, query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query))
        self.resource = where.rsplit("/", 1)[1]
        self.is_watch = self.query.get("watch") in ("1", "true")
        self.streamed = self.is_watch and self.query.get("sendInitialEvents") == "true"
        self.headers = headers
        self.body = body
        self.at = time.monotonic()
        self.lock = threading.RLock()
        self.on_line = Exchange.send  # of a watch that is passed on: what is done with each event
        self.server = None
        self.over = False
        self.cut = False

    # ---- answers of our own

    def answer(self, status, body=b"", headers=None):
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        head = {"Content-Type": "application/json", **(headers or {}), "Content-Length": len(body)}
        rows = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        with self.lock:
            self.client.sendall(f"HTTP/1.1 {status} Fault\r\n{rows}\r\n".encode() + body)

    def refuse(self, code, reason="", retry_after=None, **more):
        wait = {} if retry_after is None else {"Retry-After": retry_after}
        self.answer(code, status_body(code, reason, **more), wait)

    def open(self, content="application/json"):
        with self.lock:
            self.client.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {content}\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n".encode())

    def send(self, data):
        """A chunk of the answer; errors of one that left meanwhile end the exchange."""
        with self.lock:
            if not self.over and data:
                self.client.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self):
        """The server has nothing more to say: the answer is whole, the connection lives."""
        with self.lock:
            if not self.over:
                self.over = True
                try:
                    self.client.sendall(b"0\r\n\r\n")
                except OSError:  # after an ERROR event the client may be gone already
                    pass
        self.leave()

    def reset(self):
        """RST: what was sent may never arrive."""
        with self.lock:
            self.over = self.cut = True
            reset(self.client)
        self.leave()

    def leave(self):
        """Wake the thread that reads from the real server."""
        if self.server is not None and self.server.sock is not None:
            try:
                self.server.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    # ---- answers of the real server

    def ask(self):
        """The real server's answer, its body not read."""
        self.server = http.client.HTTPSConnection("127.0.0.1", self.proxy.port_there, context=self.proxy.there,
                                                  timeout=None if self.is_watch else 60)
        self.server.request(self.method, self.path, self.body or None, self.headers)
        return self.server.getresponse()

    def pass_on(self, edit=None, pace=None):
        """The real answer; `edit` changes the body of one that is no watch, `pace` is in bytes a second."""
        if edit is not None:
            self.headers.pop("accept-encoding", None)
        real = self.ask()
        if self.is_watch and real.status == 200:
            self.follow(real)
            return
        body = real.read()
        if edit is not None and real.status == 200:
            body = edit(body)
        kept = {name: real.headers[name] for name in ("Content-Type", "Content-Encoding", "Retry-After", "Warning")
                if real.headers[name]}
        if pace is None:
            self.answer(real.status, body, kept)
        else:
            self.drip(body, pace)
        self.server.close()

    def drip(self, body, pace):
        self.open()
        self.proxy.dripping.add(self)
        for at in range(0, len(body), max(1, int(pace))):
            self.send(body[at:at + max(1, int(pace))])
            time.sleep(max(1, int(pace)) / pace)
            if self not in self.proxy.dripping:
                raise Cut
        self.proxy.dripping.discard(self)
        self.end()

    def follow(self, real):
        self.open(real.headers["Content-Type"])
        self.proxy.live.add(self)
        try:
            for line in iter(real.readline, b""):
                if self.over:
                    break
                self.on_line(self, line)
        except LOST:
            if not self.over:
                raise
        finally:
            self.proxy.live.discard(self)
            self.server.close()
        if self.cut:
            raise Cut
        self.end()


class Rule:
    """What is done instead, with requests whose line matches; for the first `times` of them."""

    def __init__(self, pattern, action, times):
        self.pattern = re.compile(pattern)
        self.action = action
        self.left = times
        self.hits = []  # times at which it was used

    def takes(self, line):
        return (self.left is None or self.left > 0) and self.pattern.search(line)


class Proxy:
    """One thread for each connection; requests that no rule takes go to the real server."""

    def __init__(self, plane):
        self.port_there = plane.api.port
        self.rules = []
        self.asked = []  # (time, line)
        self.live = set()  # watches under way
        self.dripping = set()  # slow answers under way
        self.clients = set()
        self.accepted = 0
        self.lock = threading.Lock()
        self.there = ssl.create_default_context(cafile=str(plane.dir / "pki/ca.crt"))
        self.here = None
        self.use(plane.dir / "pki/apiserver.crt", plane.dir / "pki/apiserver.key")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def use(self, certificate, key):
        """From the next connection on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.here = context

    # ---- what rows say

    def rule(self, pattern, action, times=None):
        """`action` is called with the exchange; the newest rule is asked first."""
        rule = Rule(pattern, action, times)
        with self.lock:
            self.rules.insert(0, rule)
        return rule

    def heal(self):
        with self.lock:
            self.rules.clear()

    def watches(self, resource=None):
        """Those under way, the newest first: of one that the client gave up nothing is heard."""
        found = [one for one in list(self.live) if not one.over and resource in (None, one.resource)]
        return sorted(found, key=lambda one: -one.at)

    def lines(self, pattern, since=0.0):
        """[(time, line)] of what was asked."""
        return [row for row in list(self.asked) if row[0] >= since and re.search(pattern, row[1])]

    def reset(self):
        """RST on every connection."""
        for one in list(self.live):
            one.reset()
        self.dripping.clear()
        for client in list(self.clients):
            reset(client)

    # ---- the server

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return  # closed
            self.accepted += 1
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        client, reader = raw, None
        try:
            raw.settimeout(60)
            client = self.here.wrap_socket(raw, server_side=True)
            client.settimeout(None)
            self.clients.add(client)
            reader = client.makefile("rb")
            while (exchange := read_request(self, client, reader)) is not None:
                self.handle(exchange)
        except (*LOST, Cut):
            pass
        finally:
            self.clients.discard(client)
            if reader is not None:
                close(reader)
            close(client)

    def handle(self, exchange):
        with self.lock:
            self.asked.append((exchange.at, exchange.line))
            rule = next((rule for rule in self.rules if rule.takes(exchange.line)), None)
            if rule is not None:
                rule.hits.append(exchange.at)
                rule.left = None if rule.left is None else rule.left - 1
        if rule is None:
            exchange.pass_on()
        else:
            rule.action(exchange)
        if exchange.cut:
            raise Cut

    def close(self):
        close(self.listener)
        self.reset()


def close(one):
    try:
        one.close()
    except OSError:
        pass


def reset(client):
    """Its thread wakes up and closes it, which sends RST."""
    try:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.socket.shutdown(client, socket.SHUT_RD)  # of an SSLSocket it would forget its keys
    except OSError:
        pass


def read_request(proxy, client, reader):
    """The next exchange; None at the end."""
    line = reader.readline(HEAD_MAX).decode("latin-1").strip()
    if not line:
        return None
    headers = {}
    while row := reader.readline(HEAD_MAX).decode("latin-1").strip():
        name, _, value = row.partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    headers.pop("connection", None)
    return Exchange(proxy, client, line.rpartition(" ")[0], headers, body)


# ---- actions

def refuse(code, reason="", retry_after=None, **more):
    return lambda exchange: exchange.refuse(code, reason, retry_after, **more)


def error_event(code, reason, **more):
    """A watch that opens, and says at once that it cannot go on."""
    def act(exchange):
        exchange.open()
        exchange.send(event("ERROR", status_body(code, reason, **more)))
        exchange.end()
    return act


def short(exchange):
    """A watch that opens and ends with nothing said."""
    exchange.open()
    exchange.end()


def silent(exchange):
    """Accepted, never answered; ends when the other side gives up."""
    exchange.client.settimeout(600)
    while exchange.client.recv(4096):
        pass
    exchange.cut = True


def edited(edit):
    return lambda exchange: exchange.pass_on(edit=edit)


def each_line(act):
    """A watch whose events go through `act(exchange, line)`."""
    def begin(exchange):
        exchange.on_line = act
        exchange.pass_on()
    return begin


def slow(pace):
    return lambda exchange: exchange.pass_on(pace=pace)


# ---- patterns: questions for all of a resource

def any_of(resource):
    return rf"^GET .*/{resource}(\?|$)"


def watch_of(resource):
    return rf"^GET .*/{resource}\?(?!.*sendInitialEvents).*watch=1"


def stream_of(resource):
    """A list that comes as the first events of a watch."""
    return rf"^GET .*/{resource}\?.*sendInitialEvents"


def list_of(resource):
    return rf"^GET .*/{resource}(\?(?!.*watch=1)|$)"
