"""What creators uploaded, untouched: kept apart from what is made of it, where no address leads.

A camera writes into its files where it was and whose it is. Before they had a folder of their own, originals
lay beside what viewers get; the worker moves those.
"""

import uuid
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Select, select

import jobs
import storage
from domain.base import clock
from models import MediaAsset, MediaStatus, db

BATCH = 50


class Move(NamedTuple):
    """The original of a recording and the keys between which it moves."""

    asset_id: uuid.UUID
    old: str
    new: str


def folder(asset_id: uuid.UUID) -> str:
    """Name the folder in storage of what was uploaded for a recording."""
    return f"originals/{asset_id}/"


def begin_moving() -> list[Move] | None:
    """List some originals that still lie beside what viewers get; None when there are none to move now."""
    done = MediaAsset.status.in_((MediaStatus.READY, MediaStatus.ERROR))
    keys = db.session.execute(_misplaced().where(done).order_by(MediaAsset.id).limit(BATCH))
    moves = [Move(id_, key, folder(id_) + key.rpartition("/")[2]) for id_, key in keys]
    if not moves and db.session.scalar(_misplaced().limit(1)) is not None:
        _again(timedelta(minutes=10))  # what is being processed stays where it is until that is over
    return moves or None


def move(moves: list[Move]) -> list[Move]:
    """Copy the files to where they belong. Safe to repeat; one that is gone already is passed over."""
    for one in moves:
        if storage.current().exists(one.old):
            storage.current().copy(one.old, one.new)
    return moves


def end_moving(_moves: list[Move], moved: list[Move]) -> None:
    """Name the new places, have the old files removed, and go on."""
    for one in moved:
        asset = db.session.get(MediaAsset, one.asset_id, with_for_update=True)
        if asset is not None and asset.storage_key == one.old:
            asset.storage_key = one.new
        jobs.enqueue("discard_file", storage_key=one.old)
    _again()


def _misplaced() -> Select[uuid.UUID, str]:
    beside = MediaAsset.storage_key.like("media/%/original%")
    return select(MediaAsset.id, MediaAsset.storage_key).where(beside)


def _again(wait: timedelta = timedelta()) -> None:
    jobs.enqueue("move_originals", run_after=clock.now() + wait)
