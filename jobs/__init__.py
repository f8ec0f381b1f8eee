"""The job queue: work outside a request, now or on schedule.

A job is a row, written in the transaction that causes it (transactional outbox), so a crash or a rollback
neither loses nor duplicates one. The table is the queue: workers poll it, claim a row under a lease, and
claim it again when the lease expires. See docs/decisions/0024.

A kind of job is one call into domain/, in one of two lanes. A `Task` runs in a single transaction together
with its own "done". A `LongTask` holds no transaction while it works: `begin` reads, `work` talks to the
outside (mail, media, Stripe), `end` records.
"""

from jobs.enqueueing import enqueue, hasten, retry
from jobs.registry import KINDS, LongTask, Task
from jobs.runner import LEASE, MAX_ATTEMPTS, PutOff, due, plan_schedule, run, run_all

__all__ = [
    "KINDS",
    "LEASE",
    "LongTask",
    "MAX_ATTEMPTS",
    "PutOff",
    "Task",
    "due",
    "enqueue",
    "hasten",
    "plan_schedule",
    "retry",
    "run",
    "run_all",
]
