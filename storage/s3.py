"""Storage in an S3 bucket. boto3, the optional extra `s3`, is imported on first use."""

import importlib
import io
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from storage.files import StoredFile
from storage.keys import check_key, check_prefix, is_key
from storage.partial_uploads import PartialUpload, WrongOffsetError

CHUNK = 1024 * 1024
# Clients may be shared by threads; a session that makes one may not.
_MAKING = threading.Lock()


@cache
def _session() -> Any:
    """Return the one session: each would read the description of S3 anew, which takes a fifth of a second."""
    return importlib.import_module("boto3").session.Session()


class S3Storage:
    """Files in a bucket of Amazon S3, Cloudflare R2, MinIO or another service with the S3 API."""

    def __init__(
        self,
        bucket: str,
        endpoint_url: str | None = None,
        region: str | None = None,
        key_id: str | None = None,
        secret: str | None = None,
    ) -> None:
        try:
            importlib.import_module("boto3")
            config = importlib.import_module("botocore.config").Config(
                signature_version="s3v4", retries={"mode": "standard", "max_attempts": 4}
            )
        except ModuleNotFoundError as error:
            raise RuntimeError("STORAGE=s3 needs the extra s3: pip install 'lectern[s3]'") from error
        self.bucket = bucket
        self._errors = importlib.import_module("botocore.exceptions")
        with _MAKING:
            self._client: Any = _session().client(
                "s3",
                endpoint_url=endpoint_url or None,
                region_name=region or "us-east-1",
                aws_access_key_id=key_id or None,
                aws_secret_access_key=secret or None,
                config=config,
            )

    def put(self, key: str, content: BinaryIO | bytes, content_type: str) -> int:
        """Upload, in parts where it is large; the object appears only when it is complete."""
        check_key(key)
        counted = _Counted(io.BytesIO(content) if isinstance(content, bytes) else content)
        self._client.upload_fileobj(counted, self.bucket, key, ExtraArgs={"ContentType": content_type})
        return counted.size

    def open(self, key: str) -> BinaryIO:
        """Open the object's body as a stream."""
        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=check_key(key))
        except self._errors.ClientError as error:
            raise _missing(key, error) from error
        return cast(BinaryIO, answer["Body"])

    def size(self, key: str) -> int:
        """Return the object's length in bytes."""
        try:
            return int(self._client.head_object(Bucket=self.bucket, Key=check_key(key))["ContentLength"])
        except self._errors.ClientError as error:
            raise _missing(key, error) from error

    def exists(self, key: str) -> bool:
        """Tell whether the object exists (HEAD)."""
        try:
            self.size(key)
        except FileNotFoundError:
            return False
        return True

    def copy(self, source: str, target: str) -> None:
        """Copy within the bucket, in parts where it is large."""
        named = {"Bucket": self.bucket, "Key": check_key(source)}
        try:
            self._client.copy(named, self.bucket, check_key(target))
        except self._errors.ClientError as error:
            raise _missing(source, error) from error

    def delete(self, key: str) -> None:
        """Remove one object."""
        self._client.delete_object(Bucket=self.bucket, Key=check_key(key))

    def delete_prefix(self, prefix: str) -> None:
        """Remove objects in pages of a thousand, the limit of one request."""
        for page in self._pages(check_prefix(prefix)):
            names = [{"Key": entry["Key"]} for entry in page]
            if names:
                self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": names, "Quiet": True})

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        """List the bucket in pages of a thousand."""
        for page in self._pages(check_prefix(prefix) if prefix else ""):
            for entry in page:
                if is_key(entry["Key"]):  # skips folders that somebody created by hand
                    yield StoredFile(entry["Key"], entry["Size"], entry["ETag"].strip('"'))

    def folders(self, prefix: str = "") -> list[str]:
        """List the names of the folders right below the folder `prefix`."""
        pages = self._client.get_paginator("list_objects_v2")
        found = pages.paginate(
            Bucket=self.bucket, Prefix=check_prefix(prefix) if prefix else "", Delimiter="/"
        )
        return [
            entry["Prefix"].removeprefix(prefix).rstrip("/")
            for page in found
            for entry in page.get("CommonPrefixes", [])
        ]

    def _pages(self, prefix: str) -> Iterator[list[dict[str, Any]]]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
            yield page.get("Contents", [])

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """Download to a temporary file, which PyAV needs in order to seek."""
        with tempfile.TemporaryDirectory(prefix="lectern-") as folder, self.open(key) as body:
            path = Path(folder) / "file"
            with path.open("wb") as file:
                shutil.copyfileobj(body, file, CHUNK)
            yield path

    def url(
        self, key: str, expires_seconds: int, content_type: str, disposition: str, kept_seconds: int = 0
    ) -> str | None:
        """Presign a GET that also fixes content type, file name, and how long browsers keep it."""
        named = {"Bucket": self.bucket, "Key": check_key(key)}
        named |= {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
        named["ResponseCacheControl"] = (
            f"private, max-age={kept_seconds}" if kept_seconds else "private, no-store"
        )
        return str(self._client.generate_presigned_url("get_object", Params=named, ExpiresIn=expires_seconds))

    def begin(self, key: str) -> str | None:
        """Create a multipart upload; returns its id."""
        answer = self._client.create_multipart_upload(
            Bucket=self.bucket, Key=check_key(key), ContentType="application/octet-stream"
        )
        return str(answer["UploadId"])

    def received(self, incoming: PartialUpload) -> int:
        """Count the bytes received without a gap, by listing the parts."""
        try:
            parts = self._parts(incoming)
        except FileNotFoundError:
            return self.size(incoming.key) if self.exists(incoming.key) else 0
        total = 0
        for number, part in enumerate(parts, 1):
            if part["PartNumber"] != number or part["Size"] != self._length(incoming, number):
                break
            total += part["Size"]
        return total

    def part_url(self, incoming: PartialUpload, number: int, expires_seconds: int) -> str | None:
        """Presign a PUT of part `number` (from 1), of exactly the length of that part."""
        named = {
            "Bucket": self.bucket,
            "Key": check_key(incoming.key),
            "UploadId": incoming.remote_id,
            "PartNumber": number,
            "ContentLength": self._length(incoming, number),
        }
        return str(
            self._client.generate_presigned_url("upload_part", Params=named, ExpiresIn=expires_seconds)
        )

    def complete(self, incoming: PartialUpload) -> None:
        """Complete the multipart upload. Idempotent. WrongOffsetError when a part is missing."""
        if (have := self.received(incoming)) != incoming.size:
            raise WrongOffsetError(have)
        try:
            parts = self._parts(incoming)
            if not parts:  # an empty file: S3 requires at least one part
                self.abandon(incoming)
                self.put(incoming.key, b"", "application/octet-stream")
                return
            named = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in parts]
            self._client.complete_multipart_upload(
                Bucket=self.bucket, Key=incoming.key, UploadId=incoming.remote_id,
                MultipartUpload={"Parts": named},
            )  # fmt: skip
        except FileNotFoundError:
            if not self.exists(incoming.key):
                raise

    def abandon(self, incoming: PartialUpload) -> None:
        """Abort the multipart upload: the bucket would keep, and charge for, its parts."""
        with suppress(self._client.exceptions.NoSuchUpload):
            self._client.abort_multipart_upload(
                Bucket=self.bucket, Key=incoming.key, UploadId=incoming.remote_id
            )

    def sweep(self, older_than_seconds: float) -> None:
        """Do nothing: an incomplete object is invisible, and `abandon` removes multipart uploads."""

    def _parts(self, incoming: PartialUpload) -> list[dict[str, Any]]:
        """List the received parts, in order; FileNotFoundError for an unknown upload."""
        named = {"Bucket": self.bucket, "Key": incoming.key, "UploadId": incoming.remote_id}
        try:
            pages = self._client.get_paginator("list_parts").paginate(**named)
            return [part for page in pages for part in page.get("Parts", [])]
        except self._errors.ClientError as error:
            raise _missing(incoming.key, error) from error

    @staticmethod
    def _length(incoming: PartialUpload, number: int) -> int:
        return min(incoming.part_size, incoming.size - (number - 1) * incoming.part_size)

    @cached_property
    def origin(self) -> str:
        """Return scheme and host of `url`, for the Content-Security-Policy."""
        parts = urlsplit(self.url("origin", 60, "text/plain", "inline") or "")
        return f"{parts.scheme}://{parts.netloc}"


class _Counted(io.RawIOBase):
    """A stream that counts what an upload reads, since it doesn't know its length beforehand."""

    def __init__(self, source: BinaryIO) -> None:
        self.size = 0
        self._source = source

    def readable(self) -> bool:
        return True

    def read(self, amount: int = -1) -> bytes:
        data = self._source.read(amount)
        self.size += len(data)
        return data


def _missing(key: str, error: Exception) -> Exception:
    """Convert a 404 of the bucket to FileNotFoundError; other errors are returned unchanged."""
    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
    return FileNotFoundError(key) if status == 404 else error
