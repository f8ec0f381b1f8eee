"""The worker process: threads for each lane, and one loop that tells them when a job is due."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping

from flask import Flask

from domain.base.log import log
from jobs import runner
from models import Lane

POLL_SECONDS = 0.25
TICK_SECONDS = 5
STOP_SECONDS = 8  # Docker kills after ten


class Worker:
    """A worker with `threads` for each lane; `tick` is called every TICK_SECONDS within the app's context."""

    def __init__(self, app: Flask, threads: Mapping[Lane, int], tick: Callable[[], None]) -> None:
        self.app, self.tick = app, tick
        self.stopping = False
        self.next_tick = 0.0
        self.ready = {lane: threading.Event() for lane in threads}
        self.claiming = threading.Lock()
        self.held: set[uuid.UUID] = set()
        self.threads = [
            threading.Thread(target=self._work, args=(lane,), name=f"{lane}-{number}", daemon=True)
            for lane, count in threads.items()
            for number in range(1, count + 1)
        ]

    def stop(self) -> None:
        """Ask the worker to stop; safe in a signal handler, which must not take a lock."""
        self.stopping = True

    def run(self) -> None:
        """Work until `stop` is called. Running jobs then have STOP_SECONDS, and are released after that."""
        for thread in self.threads:
            thread.start()
        next_look = 0.0
        while not self.stopping:
            if time.monotonic() >= next_look:
                try:
                    self._look()
                except Exception:  # noqa: BLE001 - the worker must survive a database that is down for a while
                    log.warning("the worker couldn't look for jobs", exc_info=True)
                    next_look = time.monotonic() + TICK_SECONDS
            time.sleep(POLL_SECONDS)
        self._end()

    def _look(self) -> None:
        """Wake the lanes that have a job due; every TICK_SECONDS, tick and queue what dead workers left."""
        with self.app.app_context():
            if time.monotonic() >= self.next_tick:
                self.tick()
                runner.requeue_expired()
                self.next_tick = time.monotonic() + TICK_SECONDS
            for lane in runner.lanes_due():
                self.ready[lane].set()

    def _work(self, lane: Lane) -> None:
        """Run the jobs of a lane one after another, as long as some are due."""
        while not self.stopping:
            if not self.ready[lane].wait(1):
                continue
            try:
                with self.app.app_context():
                    if claim := self._claim(lane):
                        try:
                            runner.perform(claim)
                        finally:
                            self.held.discard(claim.lease)
            except Exception:  # noqa: BLE001 - as above; what was claimed is taken up when its lease expires
                log.warning("a thread of the worker lost the database", exc_info=True)
                time.sleep(1)

    def _claim(self, lane: Lane) -> runner.Claim | None:
        """Claim a job, one thread at a time: together they would only wait for SQLite's write lock."""
        with self.claiming:
            if self.stopping or not self.ready[lane].is_set():
                return None
            claim = runner.claim_next(lane)
            if claim is None:
                self.ready[lane].clear()
            else:
                self.held.add(claim.lease)
            return claim

    def _end(self) -> None:
        """Wait for the running jobs, and release those that take longer."""
        for ready in self.ready.values():
            ready.set()  # who waits for a job ends as well
        until = time.monotonic() + STOP_SECONDS
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))
        if left := set(self.held):
            with self.app.app_context():
                runner.release(left)
            log.warning("%s running jobs were left to the next worker", len(left))
