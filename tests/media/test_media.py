"""Recordings made here by PyAV, and files that only claim to be recordings."""

import math
import os
import struct
import subprocess
import sys
from array import array
from fractions import Fraction
from pathlib import Path

import av
import pytest

import media

pytestmark = pytest.mark.slow

QUICK = media.Limits(stall_seconds=60, total_seconds=120)


def make(
    path: Path,
    seconds: float = 3,
    size: tuple[int, int] = (320, 180),
    codec: str = "libx264",
    sound: str | None = "aac",
    rate: int = 12,
    container: str | None = None,
) -> Path:
    """A film with a brightening picture and a tone."""
    with av.open(str(path), "w", format=container) as out:
        video = out.add_stream(codec, rate=rate) if codec else None
        if video:
            video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio = out.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        if video:
            for number in range(round(seconds * rate)):
                frame = av.VideoFrame(*size, "yuv420p")
                for plane, level in zip(frame.planes, (60 + number % 120, 128, 100), strict=True):
                    plane.update(bytes([level]) * plane.buffer_size)
                frame.pts, frame.time_base = number, Fraction(1, rate)
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
        if audio:
            _add_tone(out, audio, seconds)
    return path


def _add_tone(out: "av.container.OutputContainer", audio: "av.AudioStream", seconds: float) -> None:
    samples = array("h", (round(8000 * math.sin(n / 20)) for n in range(1024) for _ in (0, 1)))
    for number in range(round(seconds * 48_000 / 1024)):
        frame = av.AudioFrame("s16", "stereo", 1024)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 1024, Fraction(1, 48_000)
        out.mux(audio.encode(frame))
    out.mux(audio.encode(None))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("film") / "film.mp4", seconds=9)


def refused(path: Path, limits: media.Limits = QUICK) -> str:
    with pytest.raises(media.MediaError) as refusal:
        media.probe(path, limits)
    sentence = str(refusal.value)
    assert sentence[0].isupper()
    assert sentence.endswith((".", ")."))
    assert len(sentence) < 500
    return sentence


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_film_is_known_by_what_is_in_it(film: Path, tmp_path: Path) -> None:
    facts = media.probe(film)
    assert (facts.kind, facts.format, facts.width, facts.height) == ("video", "mov", 320, 180)
    assert (facts.video_codec, facts.audio_codec) == ("h264", "aac")
    assert facts.duration == pytest.approx(9, abs=0.1)
    misnamed = write(tmp_path / "film.txt", film.read_bytes())
    assert media.probe(misnamed).kind == "video"


@pytest.mark.parametrize(
    ("name", "codec", "sound", "container"),
    [("a.mp3", "", "libmp3lame", None), ("a.m4a", "", "aac", "mp4"), ("a.wav", "", "pcm_s16le", None),
     ("a.ogg", "", "libopus", None), ("a.flac", "", "flac", None), ("a.aac", "", "aac", "adts"),
     ("a.webm", "libvpx-vp9", "libopus", None), ("a.mkv", "libx264", None, None),
     ("a.mov", "mpeg4", "aac", None)],
)  # fmt: skip
def test_each_accepted_container_is_read(
    tmp_path: Path, name: str, codec: str, sound: str | None, container: str | None
) -> None:
    facts = media.probe(make(tmp_path / name, 1, codec=codec, sound=sound, container=container))
    assert facts.kind == ("video" if codec else "audio")
    assert facts.duration == pytest.approx(1, abs=0.3)
    assert bool(facts.audio_codec) == bool(sound)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG image"),
        (b"\x00\x00\x00\x1cftypavif" + bytes(100), "image"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "text file"),
        (b"#EXTM3U\n#EXTINF:1\nfile:///etc/passwd\n", "text file"),
        (bytes(range(3, 250)) * 40, "can’t be played"),
        (b"\x1aE\xdf\xa3" + bytes(range(256)) * 9, "damaged"),
        (b"OggS" + bytes(300), "damaged"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt " + bytes(40), "."),
        (b"ID3" + b"\x00" * 2000, "."),
        (struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom"), "incomplete"),
        (struct.pack(">I4s4sI4sI4s", 20, b"ftyp", b"isom", 0, b"isom", 8, b"moov"), "."),
    ],
)
def test_what_is_no_recording_is_refused_with_a_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    assert sentence in refused(write(tmp_path / "upload.mp4", content))


def test_a_film_that_breaks_off_is_refused(film: Path, tmp_path: Path) -> None:
    content = film.read_bytes()
    assert "incomplete" in refused(write(tmp_path / "no-index.mp4", content[: len(content) // 2]))
    media.faststart_mp4(film, tmp_path / "fast.mp4")
    fast = (tmp_path / "fast.mp4").read_bytes()
    assert "incomplete" in refused(write(tmp_path / "index-first.mp4", fast[: len(fast) // 2]))


def test_random_damage_never_escapes(film: Path, tmp_path: Path) -> None:
    """Bytes of a good film overwritten at several places: read or refused, within the limits."""
    content = film.read_bytes()
    for seed in range(6):
        broken = bytearray(content)
        for place in range(40):
            broken[(seed * 7919 + place * 104_729) % len(broken)] ^= 1 << (place % 8)
        path = write(tmp_path / f"{seed}.mp4", bytes(broken))
        try:
            assert media.process(path, tmp_path / f"out{seed}", heights=(), limits=QUICK).mp4 == "video.mp4"
        except media.MediaError as error:
            assert str(error)[0].isupper()  # noqa: PT017


def test_limits_are_kept(film: Path, tmp_path: Path) -> None:
    assert "larger than" in refused(film, media.Limits(max_bytes=1000))
    assert "hours" in refused(film, media.Limits(max_seconds=5))
    assert "320 × 180" in refused(film, media.Limits(max_side=200))
    assert "too narrow to show" in refused(make(tmp_path / "strip.mp4", 1, (640, 32), sound=None))
    assert "isn’t supported" in refused(make(tmp_path / "odd.mkv", 1, codec="ffv1", sound=None))


@pytest.mark.parametrize("megabytes", [100, 300])
def test_running_out_of_memory_is_survived(tmp_path: Path, megabytes: int) -> None:
    large = make(tmp_path / "large.mp4", 0.5, (1920, 1080), sound=None)
    with pytest.raises(media.MediaError, match=r"[Tt]his file|memory"):
        media.process(large, tmp_path / "out", limits=media.Limits(memory_bytes=megabytes * 1024**2))
    assert media.process(large, tmp_path / "again", heights=()).mp4 == "video.mp4"


def test_work_that_gets_stuck_is_stopped(tmp_path: Path) -> None:
    pipe = tmp_path / "endless.mp4"
    os.mkfifo(pipe)
    assert "got stuck" in refused(pipe, media.Limits(stall_seconds=1.5))


def test_a_poster_is_a_jpeg_of_the_film(film: Path, tmp_path: Path) -> None:
    media.poster(film, tmp_path / "poster.jpg")
    assert (tmp_path / "poster.jpg").read_bytes().startswith(b"\xff\xd8\xff")
    with pytest.raises(media.MediaError, match="no video"):
        media.poster(make(tmp_path / "a.m4a", 1, codec="", container="mp4"), tmp_path / "none.jpg")


def test_an_mp4_begins_with_its_index(film: Path, tmp_path: Path) -> None:
    media.faststart_mp4(film, tmp_path / "copied.mp4")
    media.faststart_mp4(make(tmp_path / "a.webm", 1, codec="libvpx", sound="libopus"), tmp_path / "made.mp4")
    for name in ("copied.mp4", "made.mp4"):
        content = (tmp_path / name).read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")
        facts = media.probe(tmp_path / name)
        assert (facts.video_codec, facts.audio_codec) == ("h264", "aac")


def test_a_film_held_upright_stays_upright(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain.mp4", 1, (320, 192), sound=None)
    turned = tmp_path / "turned.mp4"
    with av.open(str(plain)) as source, av.open(str(turned), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    assert (media.probe(turned).width, media.probe(turned).height) == (192, 320)
    made = media.process(turned, tmp_path / "out", heights=(144,))
    assert made.renditions[0]["height"] == 144
    assert "RESOLUTION=144x240" in (tmp_path / "out/master.m3u8").read_text()


def test_hls_has_every_quality_the_film_has_with_segments_cut_alike(tmp_path: Path) -> None:
    film = make(tmp_path / "film.mp4", 9, (480, 480), rate=6)
    heard: list[float] = []
    made = media.process(film, tmp_path / "out", heard.append)
    assert [one["height"] for one in made.renditions] == [480, 360]
    assert (made.mp4, made.playlist, made.poster) == ("video.mp4", "master.m3u8", "poster.jpg")
    names = [one.name for one in made.files]
    assert names[-1] == "master.m3u8"
    assert set(names) == {path.name for path in (tmp_path / "out").iterdir()}
    assert all(one.size == (tmp_path / "out" / one.name).stat().st_size > 0 for one in made.files)
    assert heard == sorted(heard)
    master = (tmp_path / "out/master.m3u8").read_text()
    assert 'CODECS="avc1.' in master
    cuts, told = [], set()
    for one in made.renditions:
        playlist = (tmp_path / "out" / one["file"]).read_text()
        assert "#EXT-X-PLAYLIST-TYPE:VOD" in playlist
        assert playlist.rstrip().endswith("#EXT-X-ENDLIST")
        assert f'#EXT-X-MAP:URI="{one["height"]}p-init.mp4"' in playlist
        assert "/" not in playlist.replace("//", "")
        cuts.append([line for line in playlist.splitlines() if line.startswith("#EXTINF")])
        with av.open(str(tmp_path / "out" / one["file"])) as played:
            frames = sum(1 for _ in played.decode(video=0))
            told.add(played.streams.video[0].codec_context.colorspace)
        assert frames == 9 * 6
    assert told == {6}  # all the same, so that nothing changes colour when the quality changes
    assert cuts[0] == cuts[1]
    assert len(cuts[0]) == 3


def test_a_small_film_has_one_quality_its_own(film: Path, tmp_path: Path) -> None:
    assert [one["height"] for one in media.hls(film, tmp_path / "out")] == [180]


def test_sound_alone_becomes_an_m4a(tmp_path: Path) -> None:
    made = media.process(make(tmp_path / "a.mp3", 2, codec="", sound="libmp3lame"), tmp_path / "out")
    assert (made.kind, made.mp4, made.poster, made.playlist) == ("audio", "audio.m4a", None, None)
    assert [(one.name, one.content_type) for one in made.files] == [("audio.m4a", "audio/mp4")]
    assert media.probe(tmp_path / "out/audio.m4a").audio_codec == "aac"


def test_progress_that_raises_ends_the_work(tmp_path: Path) -> None:
    class LeaseLostError(Exception):
        pass

    def lose(share: float) -> None:
        raise LeaseLostError

    film = make(tmp_path / "film.mp4", 60, (640, 360), sound=None)
    with pytest.raises(LeaseLostError):
        media.process(film, tmp_path / "out", lose)


def test_the_child_knows_none_of_our_secrets(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "a secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    begun: list[dict[str, str]] = []

    def begin(*args: object, **options: object) -> object:
        begun.append(options["env"])
        return start(*args, **options)

    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", begin)
    assert media.probe(film).kind == "video"
    assert "a secret" not in begun[0].values()
    assert "PYTHONPATH" not in begun[0]


def test_media_imports_and_answers_without_pyav() -> None:
    program = (
        "import sys; sys.modules['av'] = None\n"
        "import importlib.machinery, media\n"
        "print(media.content_type('a.m3u8'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "application/vnd.apple.mpegurl"
