"""Waiting for a condition instead of for a time."""

import time

GENEROUS = 60.0  # seconds: far beyond what any step takes on an idle machine


class Hopeless(Exception):
    """Raised by a condition that can never become true."""


def until(condition, what, seconds=GENEROUS, pause=0.1):
    """The first true value that `condition` gives; fails with its last one after `seconds`.

    An exception of the condition counts as "not yet", unless it is Hopeless.
    """
    end = time.monotonic() + seconds
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except Hopeless:
            raise
        except Exception as error:  # pylint: disable=broad-except
            last = error
        if time.monotonic() >= end:
            raise AssertionError(f"waited {seconds:g} s in vain until {what}; last: {last!r}")
        time.sleep(pause)


def stays(condition, what, seconds):
    """Fails when `condition` is not true all the time for `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f"did not stay so: {what}"
        time.sleep(0.1)
