"""Pods without a kubelet: HTTP listeners on 127.x addresses that answer as Envoy and the apps would."""

import asyncio
import functools
import threading
from pathlib import Path

STATS = (Path(__file__).parent / "envoy-stats.txt").read_text()
HEAD_MAX = 16 * 1024
IDLE_S = 60
ANSWER = ("HTTP/1.1 {} {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
          "Content-Length: {}\r\n\r\n")


@functools.cache
def loop():
    """One thread serves every listener: hundreds of them cost nothing while nobody asks."""
    made = asyncio.new_event_loop()
    threading.Thread(target=made.run_forever, daemon=True).start()
    return made


def done(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop()).result(10)


class Listener:
    """Serves {path: text, or a function that gives it} at an address until close()."""

    def __init__(self, address, port, pages):
        self.pages = pages
        self.open = set()
        self.asked = 0
        self.server = done(asyncio.start_server(self.serve, address, port, limit=HEAD_MAX))

    async def serve(self, reader, writer):
        self.open.add(writer)
        try:
            while await self.exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def exchange(self, reader, writer):
        """One GET and its answer; false when the connection is done."""
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), IDLE_S)
        words = head.split(b" ", 2)
        page = self.pages.get(words[1].decode("latin-1").partition("?")[0]) if len(words) == 3 else None
        body = (page() if callable(page) else page or "not found\n").encode()
        self.asked += 1
        writer.write(ANSWER.format(*((404, "Not Found") if page is None else (200, "OK")), len(body)).encode() + body)
        await writer.drain()
        return b"\r\nconnection: close" not in head.lower()

    async def end(self):
        self.server.close()
        for writer in list(self.open):
            writer.transport.abort()

    def close(self):
        done(self.end())


def sidecar(address, page=STATS):
    return Listener(address, 15090, {"/stats/prometheus": page})


def app(address, port, path="/metrics"):
    text = "# TYPE app_requests_total counter\napp_requests_total 7\n# TYPE go_threads gauge\ngo_threads 9\n"
    return Listener(address, port, {path: text})
