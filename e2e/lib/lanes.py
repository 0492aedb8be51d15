"""Cases side by side: processes with a control plane each, which take the next case when they are done with one."""

import ctypes
import multiprocessing
import queue
import signal

PR_SET_PDEATHSIG = 1
END_S = 90  # of a lane that was asked to: its control plane stops


def begin(work, number, todo, told):
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # a killed run leaves no lane behind
    work(number, todo, told)


def side_by_side(things, count, work):
    """Yields what `count` lanes tell of the things; fewer than there are things when lanes have died.

    work(number, todo, told) runs in each: it takes one after the other with todo.get(), until None, and gives
    told.put() something for each."""
    context = multiprocessing.get_context("fork")
    todo, told = context.SimpleQueue(), context.Queue()
    for thing in [*things, *[None] * count]:
        todo.put(thing)
    lanes = [context.Process(target=begin, args=(work, number + 1, todo, told)) for number in range(count)]
    left = len(things)
    try:
        for lane in lanes:
            lane.start()
        while left > 0:
            alive = any(lane.is_alive() for lane in lanes)
            try:
                yield told.get(timeout=1)
                left -= 1
            except queue.Empty:
                if not alive:
                    return
    finally:
        for lane in lanes:
            if left > 0 and lane.is_alive():
                lane.terminate()
        for lane in lanes:
            lane.join(END_S)
