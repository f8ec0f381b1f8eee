"""Ids in Stripe's format, reproducible from a seed."""

from __future__ import annotations

import hashlib

from .store import Store

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Ids:
    """A generator of ids: a counter in the store, hashed with the seed as key; unique and reproducible."""

    def __init__(self, store: Store, seed: str) -> None:
        self._store = store
        self._seed = seed.encode()[:64]

    def make(self, prefix: str, length: int = 24) -> str:
        """Generate an id such as `ch_3Q…`: `prefix` and `length` letters and digits (at most 80)."""
        number = self._store.next_number()
        digest = hashlib.blake2b(f"{prefix}{number}".encode(), key=self._seed, digest_size=64).digest()
        value = int.from_bytes(digest, "big")
        letters = []
        for _ in range(length):
            value, rest = divmod(value, len(ALPHABET))
            letters.append(ALPHABET[rest])
        return prefix + "".join(letters)
