"""The music of a film: a chord for each scene, and a note whenever something appears."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from demo.films.stage import Scene

RATE = 32_000
Samples = NDArray[np.float32]
# Semitones above the key: I, vi, IV, V with added ninths, each near the one before.
CHORDS = [(0, 7, 16, 26), (-3, 4, 12, 19), (-7, 5, 12, 21), (-5, 7, 14, 23), (-3, 7, 12, 16), (-7, 0, 9, 19)]
SCALE = (12, 14, 16, 19, 21, 24, 26, 28)  # pentatonic: any order of these sounds well


def music(scenes: Sequence[Scene], key: float) -> Samples:
    """Synthesise stereo sound for the scenes; `key` is the root note in hertz."""
    total = sum(scene.seconds for scene in scenes)
    track = np.zeros((2, round(total * RATE)), dtype=np.float32)
    begin, step = 0.0, 0
    for number, scene in enumerate(scenes):
        chord = CHORDS[number % len(CHORDS)]
        _mix(track, _pad(chord, key, scene.seconds + 1.5), begin - 0.2)
        for moment in scene.notes:
            _mix(track, _pluck(key * 2 ** (SCALE[step * 3 % len(SCALE)] / 12), step), begin + moment)
            step += 1
        begin += scene.seconds
    fade = np.linspace(0, 1, RATE, dtype=np.float32)
    track[:, :RATE] *= fade
    track[:, -RATE:] *= fade[::-1]
    return np.tanh(track)


def _mix(track: Samples, sound: Samples, seconds: float) -> None:
    start = round(seconds * RATE)
    if start < 0:
        sound, start = sound[:, -start:], 0
    room = min(sound.shape[1], track.shape[1] - start)
    track[:, start : start + room] += sound[:, :room]


def _pad(chord: Sequence[int], key: float, seconds: float) -> Samples:
    """Synthesise a soft chord; left and right are slightly detuned, for a wide stereo image."""
    time = np.arange(round(seconds * RATE), dtype=np.float32) / RATE
    sound = np.zeros((2, time.size), dtype=np.float32)
    for index, semitones in enumerate(chord):
        pitch = key / 2 * 2 ** (semitones / 12)
        for side in (0, 1):
            wave = np.sin(time * np.float32(2 * np.pi * pitch * (1 + 0.0012 * (side * 2 - 1))))
            # A cheap overtone: squaring keeps the sine's zero crossings but changes its shape.
            sound[side] += (0.055 - 0.006 * index) * (wave + np.float32(0.25) * wave * np.abs(wave))
    swell = np.minimum(time / 1.1, (seconds - time) / 1.6).clip(0, 1)
    breath = 0.9 + 0.1 * np.sin(time * np.float32(2 * np.pi * 0.23))
    return sound * (swell * swell * (3 - 2 * swell) * breath).astype(np.float32)


def _pluck(pitch: float, step: int) -> Samples:
    """Synthesise one note like a mallet, panned slightly left and right in turn."""
    time = np.arange(round(1.1 * RATE), dtype=np.float32) / RATE
    turn = np.float32(2 * np.pi * pitch)
    wave = np.sin(time * turn) * np.exp(-time * 5) + 0.22 * np.sin(time * turn * 4) * np.exp(-time * 16)
    wave *= 0.075 * np.minimum(time / 0.006, 1) * ((1.1 - time) / 0.3).clip(0, 1)
    side = (0.38, 0.5, 0.62)[step % 3]
    return np.stack([wave * (1 - side) * 2, wave * side * 2]).astype(np.float32)
