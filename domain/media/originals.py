"""Original uploads of recordings: kept as they came, in a folder that no address opens.

A camera writes location and owner into its files. Originals from before they had a folder of their own are
beside the published files; the worker moves those.
"""

import uuid
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Select, select

import jobs
import storage
from domain.base import clock, sql
from models import MediaAsset, MediaStatus, db

BATCH = 50


class OriginalMove(NamedTuple):
    """An original to move: the recording's id, its old and its new key."""

    asset_id: uuid.UUID
    old: str
    new: str


def folder(asset_id: uuid.UUID) -> str:
    """Build the storage folder of a recording's original."""
    return f"originals/{asset_id}/"


def begin_moving() -> list[OriginalMove] | None:
    """List the next originals beside published files; None when there are none to move now."""
    done = MediaAsset.status.in_((MediaStatus.READY, MediaStatus.ERROR))
    keys = db.session.execute(_misplaced().where(done).order_by(MediaAsset.id).limit(BATCH))
    moves = [OriginalMove(id_, key, folder(id_) + key.rpartition("/")[2]) for id_, key in keys]
    if not moves and db.session.scalar(_misplaced().limit(1)) is not None:
        _again(timedelta(minutes=10))  # one in processing moves after that
    return moves or None


def move(moves: list[OriginalMove]) -> list[OriginalMove]:
    """Copy the files to their new keys. Idempotent; skips files that are gone."""
    for one in moves:
        if storage.current().exists(one.old):
            storage.current().copy(one.old, one.new)
    return moves


def end_moving(_moves: list[OriginalMove], moved: list[OriginalMove]) -> None:
    """Record the new keys, enqueue the deletion of the old files, and continue."""
    for one in moved:
        asset = sql.locked(select(MediaAsset).where(MediaAsset.id == one.asset_id), keys=True).first()
        if asset is not None and asset.storage_key == one.old:
            asset.storage_key = one.new
        jobs.enqueue("discard_file", storage_key=one.old)
    _again()


def _misplaced() -> Select[uuid.UUID, str]:
    beside = MediaAsset.storage_key.like("media/%/original%")
    return select(MediaAsset.id, MediaAsset.storage_key).where(beside)


def _again(wait: timedelta = timedelta()) -> None:
    jobs.enqueue("move_originals", run_after=clock.now() + wait)
