"""File storage and signed addresses: on the local disk, or in an S3 bucket.

A file is named by a key such as `media/0198…/720p.m3u8`. Nobody reads a stored file without a token: `sign`
makes one for a folder, `verify` returns its expiry, `send` delivers one file of it.
"""

from storage.backend import Storage, current, init_app, origin
from storage.delivery import publish, send
from storage.files import StoredFile, sync
from storage.keys import UnsafeKeyError, check_key
from storage.local import LocalStorage
from storage.partial_uploads import BusyError, ChecksumError, PartialUpload, WrongOffsetError, sha256_of
from storage.s3 import S3Storage
from storage.signing import sign, verify

__all__ = [
    "BusyError",
    "ChecksumError",
    "PartialUpload",
    "LocalStorage",
    "S3Storage",
    "Storage",
    "StoredFile",
    "UnsafeKeyError",
    "WrongOffsetError",
    "check_key",
    "current",
    "init_app",
    "origin",
    "publish",
    "send",
    "sha256_of",
    "sign",
    "sync",
    "verify",
]
