"""Faults that a test asks for: an error in the place of an answer or after it, a lost answer, a call that is held."""

import threading
from dataclasses import dataclass, field


class Gate:
    """Where calls wait until a test lets them pass."""

    def __init__(self):
        self.waiting = 0
        self._counting, self._open = threading.Lock(), threading.Event()

    def open(self):
        self._open.set()

    def pass_through(self):
        # Calls come on threads of their own, without the store's lock.
        with self._counting:
            self.waiting += 1
        self._open.wait()


@dataclass
class Fault:
    """The answer to the calls from `start` to before `end` of the methods whose id begins with `method`."""

    method: str
    start: int
    end: int
    answer: dict
    seen: int = field(default=0)

    @classmethod
    def of(cls, asked):
        return cls(asked["method"], asked["from"], asked["until"], asked["answer"])


def due(project, method_id):
    """The answer of the first fault that is due for a call; all that match count it."""
    chosen = None
    for fault in project.faults:
        if method_id.startswith(fault.method):
            if fault.start <= fault.seen < fault.end and chosen is None:
                chosen = fault.answer
            fault.seen += 1
    return chosen
