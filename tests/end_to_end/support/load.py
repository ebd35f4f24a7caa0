"""Sessions that keep a server busy."""

import contextlib
import threading


class Load:
    """Runs statements again and again, each on a session of its own; an error in `ended_by` ends its session's work."""

    def __init__(self, sessions, statements, ended_by=()):
        self._sessions = list(sessions)
        self._ended_by = ended_by
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=pair, daemon=True)
            for pair in zip(self._sessions, statements, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, session, statement):
        session.autocommit = True
        with contextlib.suppress(*self._ended_by), session.cursor() as cursor:
            while not self._stop.is_set():
                cursor.execute(statement)

    def remove(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        for session in self._sessions:
            session.close()
