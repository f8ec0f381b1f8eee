"""The message queue (huey): carries job ids from the process that enqueues to the worker's threads.

It may lose ids: the job table is the truth, and the worker polls it.
"""

import uuid

from flask import Flask
from huey import Huey, RedisHuey, SqliteHuey

import jobs


class JobQueue:
    """A queue of job ids: an SQLite file, or Redis where REDIS_URL is set."""

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
        """Publish one job id."""
        self.task(job_id)

    def consume(self, threads: int) -> None:
        """Work until the process is stopped; running jobs are finished first."""
        self.huey.flush()
        self.huey.create_consumer(
            workers=threads, periodic=False, initial_delay=0.1, max_delay=0.5, check_worker_health=True
        ).run()

    def _run(self, job_id: str) -> None:
        with self.app.app_context():
            jobs.run(uuid.UUID(job_id))


def init_app(app: Flask) -> None:
    """Create the queue of `app`; commits publish their new jobs to it."""
    app.extensions["lectern_queue"] = JobQueue(app)
    app.extensions["lectern_carrier"] = app.extensions["lectern_queue"].carry


def queue_of(app: Flask) -> JobQueue:
    """Return the queue of `app`."""
    queue: JobQueue = app.extensions["lectern_queue"]
    return queue
