"""Cases side by side: a lane is a process with a control plane of its own, given the next case when it is done."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
from collections import deque
from multiprocessing.connection import wait

CONTEXT = multiprocessing.get_context("fork")
PR_SET_PDEATHSIG = 1
END_S = 60  # of a lane that was asked to: its control plane stops


def serve(pipe, number, world, parent):
    """A lane's life: world(number) is entered once and gives what is done to each thing."""
    signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C reaches all; the run then says when to end, once
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # a killed run leaves no lane behind
    if os.getppid() != parent:
        return
    with world(number) as do:
        for thing in iter(pipe.recv, None):
            pipe.send(do(thing))


class Lane:
    """`thing` is what it is at, None when it is at nothing."""

    def __init__(self, number, world):
        self.number, self.thing = number, None
        self.pipe, there = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=serve, args=(there, number, world, os.getpid()))
        self.process.start()
        there.close()  # so that its death is the end of the pipe

    def give(self, thing):
        self.thing = thing
        with contextlib.suppress(OSError):  # it has died: answer() tells
            self.pipe.send(thing)

    def answer(self):
        """What it has made of its thing; None when it has died."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            return None

    def end(self):
        """True when all went as it should; what it has left is then gone."""
        self.process.join(END_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode == 0


class Lanes:
    """world(number), a context, is a lane's; clear(number) takes away what a lane that was killed has left."""

    def __init__(self, world, clear):
        self.world, self.clear = world, clear
        self.lanes = []
        self.begun = 0
        self.lost = 0  # that died at nothing

    def __enter__(self):
        return self

    def side_by_side(self, things, count):
        """Yields each thing and what a lane has made of it, as they end: None when its lane has died, or all have."""
        todo = deque(things)
        while len(self.lanes) < min(count, len(todo)):
            self.begun += 1
            self.lanes.append(Lane(self.begun, self.world))
        for lane in self.lanes[:len(todo)]:
            lane.give(todo.popleft())
        while busy := {lane.pipe: lane for lane in self.lanes if lane.thing is not None}:
            for pipe in wait(list(busy)):
                lane = busy[pipe]
                thing, made = lane.thing, lane.answer()
                lane.thing = None
                if made is None:
                    self.lanes.remove(lane)
                    self.bury(lane)
                elif todo:
                    lane.give(todo.popleft())
                yield thing, made
        yield from ((thing, None) for thing in todo)

    def bury(self, lane):
        """True when it ended as it should."""
        well = lane.end()
        if not well:
            self.clear(lane.number)
        return well

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # what has begun to end is not hurried
        idle = [lane for lane in self.lanes if lane.thing is None]
        for lane in self.lanes:
            if lane in idle:
                lane.give(None)
            else:
                lane.process.terminate()
        for lane in self.lanes:
            self.lost += not self.bury(lane) and lane in idle
