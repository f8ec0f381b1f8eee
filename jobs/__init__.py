"""The worker: what runs outside a request, and when.

A job is a row, written in the transaction whose consequence it is, so a crash or a rollback loses
and doubles nothing. The table is the truth; huey carries ids so that work starts at once, and a
clock in the worker picks up what was lost on the way, is due, or was left by a worker that died.

A kind of job is one call into domain/. A `Task` runs in a single transaction together with its own
"done". A `LongTask` holds no transaction while it works: `begin` reads, `work` talks to the outside
(mail, media, Stripe), `end` records.
"""

from jobs.enqueueing import enqueue, hasten, retry
from jobs.registry import KINDS, LongTask, Task
from jobs.runner import LEASE, MAX_ATTEMPTS, due, plan_schedule, run, run_all

__all__ = [
    "KINDS",
    "LEASE",
    "LongTask",
    "MAX_ATTEMPTS",
    "Task",
    "due",
    "enqueue",
    "hasten",
    "plan_schedule",
    "retry",
    "run",
    "run_all",
]
