"""MP4 files and HLS folders of a probed recording. Runs in the child process only."""

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.stream import Stream

from media.encoding import EncodingTarget, Progress, encode, open_output
from media.model import MediaError, Probe, Processed, Produced, Rendition, content_type
from media.posters import make_poster
from media.probing import CUT_OFF, began, opened, picture, sound
from media.subtitles import embedded_subtitles

# Above these an MP4 is re-encoded instead of remuxed: it has to play on a phone's connection.
MAX_COPIED_BITS = 8_000_000
MAX_COPIED_SIDE = 1080
# Slices, parameter sets and ends of sequences (ITU-T H.264, table 7-1).
PICTURE_UNITS = "1-5|7-8|10-11"


def make_mp4(path: Path, out: Path, facts: Probe, progress: Progress) -> None:
    """Write an MP4 (M4A for audio) that starts before it is loaded (faststart); remuxed where possible."""
    if _can_copy(path, facts):
        _copy(path, out, facts, progress)
    else:
        encode(path, [mp4_target(out, facts)], facts.duration, progress)


def mp4_target(out: Path, facts: Probe) -> EncodingTarget:
    """Choose the target for `encode` to re-encode the MP4, at most 1080 lines."""
    if facts.width is None or facts.height is None:
        return EncodingTarget(out)
    return _target(out, facts.width, facts.height, min(MAX_COPIED_SIDE, facts.width, facts.height))


def _target(out: Path, width: int, height: int, side: int) -> EncodingTarget:
    scale = side / min(width, height)
    return EncodingTarget(out, max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))


def _can_copy(path: Path, facts: Probe) -> bool:
    if facts.audio_codec not in (None, "aac") or facts.video_codec not in (None, "h264"):
        return False
    if path.stat().st_size * 8 / facts.duration > MAX_COPIED_BITS:
        return False
    if facts.interlaced or min(facts.width or 0, facts.height or 0) > MAX_COPIED_SIDE:
        return False
    with opened(path) as container:
        video = picture(container)
        return video is None or video.codec_context.pix_fmt in ("yuv420p", "yuvj420p")


def _copy(path: Path, out: Path, facts: Probe, progress: Progress) -> None:
    """Remux the streams into a new container, without metadata (location, device, owner)."""
    with opened(path) as container:
        streams = [stream for stream in (picture(container), sound(container)) if stream is not None]
        target = open_output(out)
        reached, start = 0.0, began(container)
        copies = {stream.index: target.add_stream_from_template(stream) for stream in streams}
        bare = {
            index: _only_picture(container.streams[index], copy)
            for index, copy in copies.items()
            if copy.type == "video"
        }
        for packet in container.demux(streams):
            if packet.dts is None:
                continue
            shift = round(start / packet.time_base)
            packet.dts -= shift
            packet.pts = packet.pts - shift if packet.pts is not None else None
            reached = max(reached, float(packet.dts * packet.time_base))
            progress(min(reached / facts.duration, 1.0))
            copy = copies[packet.stream.index]
            for kept in _filtered(bare.get(packet.stream.index), packet):
                kept.stream = copy
                target.mux(kept)
        target.close()
    if reached < facts.duration * 0.9 - 1:
        raise MediaError(CUT_OFF)


def _only_picture(stream: Stream, copy: Stream) -> BitStreamFilterContext:
    """Build a bitstream filter that passes only the picture of H.264.

    Encoders and cameras embed user data (SEI) such as their settings or the location.
    """
    kept = BitStreamFilterContext(f"filter_units=pass_types={PICTURE_UNITS}", stream, copy)
    copy.codec_context.codec_tag = "\0\0\0\0"  # the muxer sets its own
    return kept


def _filtered(bare: BitStreamFilterContext | None, packet: Packet) -> list[Packet]:
    """Apply the bitstream filter, if any, to a packet; drops a damaged one."""
    if bare is None:
        return [packet]
    with suppress(av.error.InvalidDataError):
        return bare.filter(packet)
    return []


def ladder(facts: Probe, heights: Sequence[int]) -> list[int]:
    """Choose the qualities: the source's own, at most the best of `heights`, and those clearly smaller.

    Code on a screen loses its sharpness wherever it is scaled, so 900 lines aren't shown as 720.
    """
    if facts.width is None or facts.height is None or not heights:
        return []
    best = min(facts.width, facts.height, max(heights)) // 2 * 2
    return [best, *sorted((height for height in heights if height <= best * 7 / 8), reverse=True)]


def hls_targets(out_dir: Path, facts: Probe, heights: Sequence[int]) -> list[EncodingTarget]:
    """Build one playlist target per quality of the ladder."""
    return [
        _target(out_dir / f"{side}p.m3u8", facts.width or 0, facts.height or 0, side)
        for side in ladder(facts, heights)
    ]


def make_hls(
    path: Path, out_dir: Path, facts: Probe, heights: Sequence[int], progress: Progress
) -> list[Rendition]:
    """Write playlists and segments per quality; `master.m3u8` is written when all are complete."""
    targets = hls_targets(out_dir, facts, heights)
    encode(path, targets, facts.duration, progress)
    return write_master(targets, facts)


def write_master(targets: Sequence[EncodingTarget], facts: Probe) -> list[Rendition]:
    """Write the master playlist, best quality first."""
    lines, renditions = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"], []
    for target in targets:
        peak, average = _bandwidth(target.path)
        codecs = _avc(target.path.with_name(f"{target.path.stem}-init.mp4"))
        codecs += ",mp4a.40.2" if facts.audio_codec else ""
        lines += [
            f"#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},"
            f'RESOLUTION={target.width}x{target.height},CODECS="{codecs}"',
            target.path.name,
        ]
        renditions.append(Rendition(height=target.side, file=target.path.name, bandwidth=peak))
    folder = targets[0].path.parent
    unfinished = folder / "master.m3u8.part"
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(unfinished, folder / "master.m3u8")
    return renditions


def _bandwidth(playlist: Path) -> tuple[int, int]:
    """Measure peak and average in bit/s from the segments."""
    bits, seconds, peak, length = 0, 0.0, 0.0, 0.0
    for line in playlist.read_text(encoding="utf-8").splitlines():
        if line.startswith("#EXTINF:"):
            length = float(line[8:].rstrip(","))
        elif line and not line.startswith("#"):
            size = playlist.with_name(line).stat().st_size * 8
            bits, seconds = bits + size, seconds + length
            peak = max(peak, size / max(length, 1.0))
    return math.ceil(peak), math.ceil(bits / max(seconds, 0.1))


def _avc(init: Path) -> str:
    """Read the codec string `avc1.…` from the profile bytes of the avcC box (RFC 6381, section 3.3)."""
    data = init.read_bytes()
    at = data.find(b"avcC")
    return f"avc1.{data[at + 5 : at + 8].hex()}" if at > 0 else "avc1.64001f"


def make_all(
    path: Path, out_dir: Path, facts: Probe, heights: Sequence[int], with_poster: bool, progress: Progress
) -> Processed:
    """Write poster, MP4 and, for videos, HLS, in as few passes over the recording as possible."""
    out_dir.mkdir(parents=True, exist_ok=True)
    mp4 = out_dir / ("video.mp4" if facts.kind == "video" else "audio.m4a")
    poster = out_dir / "poster.jpg" if facts.kind == "video" and with_poster else None
    if poster:
        make_poster(path, poster, facts)
    targets = hls_targets(out_dir, facts, heights)
    if _can_copy(path, facts):
        _copy(path, mp4, facts, lambda share: progress(share * 0.05))
        if targets:
            encode(path, targets, facts.duration, lambda share: progress(0.05 + share * 0.95))
    else:
        encode(path, [mp4_target(mp4, facts), *targets], facts.duration, progress)
    renditions = write_master(targets, facts) if targets else []
    return Processed(
        **asdict(facts),
        mp4=mp4.name,
        playlist="master.m3u8" if renditions else None,
        poster=poster.name if poster else None,
        renditions=renditions,
        files=_produced(out_dir),
        subtitles=embedded_subtitles(path),
    )


def _produced(out_dir: Path) -> list[Produced]:
    """List the output files, segments first, master playlist last: players never find a gap."""

    def turn(path: Path) -> tuple[int, str]:
        return (2 if path.name == "master.m3u8" else int(path.suffix == ".m3u8"), path.name)

    with suppress(FileNotFoundError):
        return [
            Produced(path.name, path.stat().st_size, content_type(path.name))
            for path in sorted((one for one in out_dir.iterdir() if one.is_file()), key=turn)
        ]
    return []
