"""huey, which carries job ids from where they are written to the worker's threads.

It is allowed to lose them: the job table is the truth and the worker's clock looks there.
"""

import uuid

from flask import Flask
from huey import Huey, RedisHuey, SqliteHuey

import jobs


class Carrier:
    """One queue of job ids: in a file of its own, or in Redis where one is set."""

    def __init__(self, app: Flask) -> None:
        settings = app.config["SETTINGS"]
        self.app = app
        self.huey: Huey = (
            RedisHuey("lectern", url=settings.redis_url)
            if settings.redis_url
            else SqliteHuey("lectern", filename=str(settings.data_dir / "queue.db"), timeout=10)
        )
        self.task = self.huey.task(name="run_job")(self._run)

    def carry(self, job_id: str) -> None:
        """Put one job id on its way."""
        self.task(job_id)

    def consume(self, threads: int) -> None:
        """Work until the process is told to stop; running jobs are finished first."""
        self.huey.flush()
        self.huey.create_consumer(
            workers=threads, periodic=False, initial_delay=0.1, max_delay=0.5, check_worker_health=True
        ).run()

    def _run(self, job_id: str) -> None:
        with self.app.app_context():
            jobs.run(uuid.UUID(job_id))


def init_app(app: Flask) -> None:
    """Let commits of `app` hand their new jobs to the queue."""
    app.extensions["lectern_queue"] = Carrier(app)
    app.extensions["lectern_carrier"] = app.extensions["lectern_queue"].carry


def of(app: Flask) -> Carrier:
    """The queue of `app`."""
    queue: Carrier = app.extensions["lectern_queue"]
    return queue
