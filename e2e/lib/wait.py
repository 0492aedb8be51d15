"""Waiting for something, never longer than said."""

import time


class Failed(Exception):
    """What a case saw and did not expect; the text is what the reader gets."""


def until(look, timeout, what, every=0.02):
    """The first true value of `look()`; Failed with `what` when there is none in `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"{what() if callable(what) else what} (waited {timeout:g} s)")
        time.sleep(every)


def expect(condition, what):
    if not condition:
        raise Failed(what() if callable(what) else what)


def expect_in(texts, where, what):
    """Every one of `texts` is in the text `where`."""
    missing = [text for text in texts if text not in where]
    expect(not missing, lambda: f"{what}: {missing} not in: {where[:600]}")
