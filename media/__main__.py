"""The child process: one order as JSON in the arguments, progress and result as JSON lines on stdout.

python -m media '{"verb": "probe", "path": "/tmp/a.mp4", "limits": {}}'
"""

import json
import os
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from media.model import Limits, MediaError

# The pipe to the parent; stdout itself is redirected, because codec libraries print to it.
ANSWERS = os.dup(1)
os.dup2(2, 1)


def say(**words: Any) -> None:
    """Send a line to the parent. Raises when the parent is gone, which ends the work too."""
    os.write(ANSWERS, json.dumps(words).encode() + b"\n")


def confine(limits: Limits) -> None:
    """Set resource limits before the file is opened: memory, disk, open files, priority."""
    memory = (limits.memory_bytes, limits.memory_bytes)
    resource.setrlimit(resource.RLIMIT_AS, memory)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.max_bytes * 2, limits.max_bytes * 2))
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
    os.nice(10)


class Reporter:
    """Reports progress to the parent, at most twice a second."""

    def __init__(self, duration: float) -> None:
        self._duration = duration
        self._began = self._last = time.monotonic()

    def __call__(self, share: float) -> None:
        """Report that `share` of the work is done, from 0 to 1."""
        now = time.monotonic()
        if now - self._last >= 0.5:
            self._last = now
            say(progress=round(share, 4), duration=self._duration, spent=now - self._began)


def carry_out(order: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Do what the parent asked for; PyAV is imported only here, under the limits."""
    from av import FFmpegError

    from media.probing import damaged

    try:
        return _do(order, limits)
    except FFmpegError as error:
        raise MediaError(damaged(error)) from error


def _do(order: dict[str, Any], limits: Limits) -> dict[str, Any]:
    from media import posters, probing, renditions

    path = Path(order["path"])
    facts = probing.judge(path, limits)
    if order["verb"] == "probe":
        return asdict(facts)
    out, progress = Path(order["out"]), Reporter(facts.duration)
    match order["verb"]:
        case "poster":
            posters.make_poster(path, out, facts)
        case "mp4":
            renditions.make_mp4(path, out, facts, progress)
        case "hls":
            out.mkdir(parents=True, exist_ok=True)
            made = renditions.make_hls(path, out, facts, order["heights"], progress)
            return {"renditions": made}
        case "all":
            heights, poster = order["heights"], order["poster"]
            return asdict(renditions.make_all(path, out, facts, heights, poster, progress))
    return {}


def main() -> None:
    """Answer with a result or an error for the uploader; anything else counts as a crash."""
    order = json.loads(sys.argv[1])
    limits = Limits(**order["limits"])
    confine(limits)
    try:
        say(result=carry_out(order, limits))
    except MediaError as error:
        say(error=str(error))
    except MemoryError:
        say(error="Processing this recording needs more memory than is allowed.")


main()
