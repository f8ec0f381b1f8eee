"""The parent's side of the child process: start it, read its progress, kill it on a timeout."""

import json
import logging
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from media.model import HEIGHTS, Limits, MediaError, Probe, Processed, Rendition, available

log = logging.getLogger(__name__)
Progress = Callable[[float], None]
ROOT = Path(__file__).resolve().parent.parent
DEFAULT = Limits()


def probe(path: Path, limits: Limits = DEFAULT) -> Probe:
    """Probe the recording at `path` in a child process; MediaError, with a sentence, if it's unplayable."""
    return Probe(**_run("probe", path, limits))


def poster(path: Path, out: Path, limits: Limits = DEFAULT) -> None:
    """Write a JPEG of at most 1280 pixels, from a tenth into the film. MediaError without a picture."""
    _run("poster", path, limits, out=str(out))


def faststart_mp4(path: Path, out: Path, progress: Progress | None = None, limits: Limits = DEFAULT) -> None:
    """Write an MP4 with its index in front (faststart): remuxed if H.264 and AAC, else encoded."""
    _run("mp4", path, limits, progress, out=str(out))


def hls(
    path: Path,
    out_dir: Path,
    heights: Sequence[int] = HEIGHTS,
    progress: Progress | None = None,
    limits: Limits = DEFAULT,
) -> list[Rendition]:
    """Write HLS playlists for the `heights` that the source has; `master.m3u8` comes last."""
    made = _run("hls", path, limits, progress, out=str(out_dir), heights=list(heights))
    renditions: list[Rendition] = made["renditions"]
    return renditions


def process(
    path: Path,
    out_dir: Path,
    progress: Progress | None = None,
    *,
    heights: Sequence[int] = HEIGHTS,
    with_poster: bool = True,
    limits: Limits = DEFAULT,
) -> Processed:
    """Process a recording completely, into the empty folder `out_dir`.

    `progress` is called about once a second with the share that is done, to renew a lease; what it raises
    ends the work. No `heights` means no HLS. Raises MediaError; `out_dir` may then hold leftovers.
    """
    made = _run("all", path, limits, progress, out=str(out_dir), heights=list(heights), poster=with_poster)
    return Processed.from_json(made)


def _run(
    verb: str, path: Path, limits: Limits, progress: Progress | None = None, **more: Any
) -> dict[str, Any]:
    """Run one verb in a fresh process, which inherits neither environment nor open files."""
    if not available():
        raise MediaError("This site can’t process recordings: the video extra isn’t installed.")
    order = {"verb": verb, "path": str(path.resolve()), "limits": asdict(limits), **more}
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "media", json.dumps(order)],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        try:
            answer = _listen(process, limits, progress)
            code = process.wait(10)
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        if answer is None:
            errors.seek(0)
            tail = errors.read()[-2000:].decode("utf-8", "replace")
            log.warning("media %s ended with %s: %s", verb, code, tail)
            raise MediaError("We can’t decode this file. Export it again.")
    if "error" in answer:
        raise MediaError(answer["error"])
    result: dict[str, Any] = answer["result"]
    return result


def _listen(
    process: subprocess.Popen[bytes], limits: Limits, progress: Progress | None
) -> dict[str, Any] | None:
    """Read the child's lines until its result; None when it ended without one. MediaError on a timeout."""
    if process.stdout is None:
        return None
    latest = time.monotonic() + limits.total_seconds
    for line in _lines(process.stdout, limits.stall_seconds):
        said: dict[str, Any] = json.loads(line)
        if "result" in said or "error" in said:
            return said
        latest = max(latest, time.monotonic() - said["spent"] + 30 * said["duration"])
        if time.monotonic() > latest:
            raise MediaError("Processing this recording took too long and was stopped.")
        if progress:
            progress(said["progress"])
    return None


def _lines(pipe: IO[bytes], stall_seconds: float) -> Iterator[bytes]:
    """Yield lines as they arrive; MediaError after `stall_seconds` of silence."""
    waiting = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(stall_seconds):
                raise MediaError("Processing this recording got stuck and was stopped.")
            piece = os.read(pipe.fileno(), 65536)
            if not piece:
                return
            *lines, waiting = (waiting + piece).split(b"\n")
            yield from lines
