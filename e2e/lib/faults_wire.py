"""A forwarder of TCP connections to the API server that can lose, hold, break and count them."""

import socket
import struct
import threading
import time

CHUNK = 65536


class Pair:
    """One connection of a client, and ours to the server."""

    def __init__(self, wire, here, there):
        self.wire = wire
        self.here, self.there = here, there
        self.lost = False  # read and thrown away, both ways: the peer is dead and nobody says so
        self.ends = 2

    def pump(self, source, sink):
        try:
            while data := source.recv(CHUNK):
                if self.lost:
                    continue
                if self.wire.pace is not None:
                    time.sleep(len(data) / self.wire.pace)
                sink.sendall(data)
        except OSError:
            pass
        self.finish(source, sink)

    def finish(self, source, sink):
        """One way has ended; of a lost one the client hears nothing, whatever the server does."""
        if self.lost and source is self.there:
            return
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        with self.wire.lock:
            self.ends -= 1
            over = self.ends == 0 or self.lost
            if over:
                self.wire.pairs.discard(self)
        if over:
            self.close()

    def close(self):
        for one in (self.here, self.there):
            one.close()

    def reset(self):
        for one in (self.here, self.there):
            try:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RD)  # wakes the thread that reads
            except OSError:
                pass
        self.close()


class Wire:
    """It listens on a port of its own; new connections pass unless `shut`."""

    def __init__(self, port_there):
        self.port_there = port_there
        self.pace = None  # bytes a second, of each connection
        self.hole = False  # new connections are lost as well
        self.pairs = set()
        self.accepted = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return  # closed
            self.accepted += 1
            try:
                there = socket.create_connection(("127.0.0.1", self.port_there))
            except OSError:
                here.close()  # the server is away: so is this
                continue
            pair = Pair(self, here, there)
            pair.lost = self.hole
            with self.lock:
                self.pairs.add(pair)
            for ends in ((here, there), (there, here)):
                threading.Thread(target=pair.pump, args=ends, daemon=True).start()

    def lose(self):
        """Every connection of now goes dead without a word; how many."""
        now = list(self.pairs)
        for pair in now:
            pair.lost = True
        return len(now)

    def reset(self):
        for pair in list(self.pairs):
            pair.reset()

    def close(self):
        self.listener.close()
        self.reset()
