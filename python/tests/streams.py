"""The random numbers of ``nas-assay``, from their definition: a tree of named streams.

The key of the root is the SHA-256 of a text and the seed, that of a child the SHA-256 of the key of
its parent and a label. A stream is the key stream of ChaCha20 (Bernstein 2008) with that key, from
counter 0 and with a nonce of zeros.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BLOCKS = 1024
"""So many blocks of a stream are computed at once."""

MASK = 2**64 - 1

CONSTANTS = np.frombuffer(b"expand 32-byte k", dtype="<u4")

ROUND = (
    *((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)),
    *((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)),
)
"""The words that are mixed with each other: columns, then diagonals."""


def root(seed: int) -> bytes:
    """The key of the root."""
    return hashlib.sha256(b"nas-assay seed v1" + seed.to_bytes(8, "little")).digest()


def child(key: bytes, *labels: str) -> bytes:
    """The key of a child, of a child of that, and so on."""
    for label in labels:
        name = label.encode()
        key = hashlib.sha256(key + len(name).to_bytes(8, "little") + name).digest()
    return key


def indexed(key: bytes, label: str, index: int) -> bytes:
    """The key of one of many children with a label."""
    name = label.encode()
    whole = key + len(name).to_bytes(8, "little") + name + index.to_bytes(8, "little")
    return hashlib.sha256(whole).digest()


def blocks(key: bytes, first: int) -> NDArray[np.uint64]:
    """Blocks ``first`` to ``first + BLOCKS`` of ChaCha20, as 64-bit integers."""
    counters = np.arange(first, first + BLOCKS, dtype=np.uint64)
    start = np.zeros((16, BLOCKS), dtype=np.uint32)
    start[:4] = CONSTANTS[:, None]
    start[4:12] = np.frombuffer(key, dtype="<u4")[:, None]
    start[12], start[13] = counters & np.uint64(0xFFFFFFFF), counters >> np.uint64(32)
    words = start.copy()
    for _ in range(10):
        for a, b, c, d in ROUND:
            for to, add, turn, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                words[to] += words[add]
                words[turn] ^= words[to]
                words[turn] = words[turn] << np.uint32(by) | words[turn] >> np.uint32(32 - by)
    pairs = (words + start).T.reshape(-1, 2).astype(np.uint64)
    return pairs[:, 0] | pairs[:, 1] << np.uint64(32)


class Stream:
    """The random numbers of a key."""

    def __init__(self, key: bytes) -> None:
        self._numbers = self._all(key)

    @staticmethod
    def _all(key: bytes) -> Iterator[int]:
        first = 0
        while True:
            yield from blocks(key, first).tolist()
            first += BLOCKS

    def next(self) -> int:
        """A uniform 64-bit integer."""
        return next(self._numbers)

    def below(self, bound: int) -> int:
        """A uniform integer in ``0..bound`` (Lemire 2019)."""
        while True:
            wide = self.next() * bound
            if wide & MASK >= 2**64 % bound:
                return wide >> 64

    def unit(self) -> float:
        """A uniform number from 0 to 1, without 1."""
        return (self.next() >> 11) * 2.0**-53

    def normal(self) -> float:
        """A standard normal number (Box and Muller 1958), of two uniform ones."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.unit()))
        return radius * math.cos(2.0 * math.pi * self.unit())

    def normals(self, *shape: int) -> NDArray[np.float64]:
        """Standard normal numbers, in row-major order."""
        return np.array([self.normal() for _ in range(math.prod(shape))]).reshape(shape)

    def choose(self, length: int, count: int) -> list[int]:
        """``count`` different numbers below ``length``, in ascending order."""
        order = list(range(length))
        for last in range(length - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return sorted(order[:count])


def own(estimator: str, architecture: str, purpose: str, seed: int = 0) -> Stream:
    """What an estimator draws for an architecture. ``nas-assay score`` has the seed 0."""
    labels = ("estimator", estimator, "architecture", architecture, purpose)
    return Stream(child(root(seed), *labels))


def shared(estimator: str, purpose: str, seed: int = 0) -> Stream:
    """What an estimator draws once for every architecture."""
    return Stream(child(root(seed), "estimator", estimator, "every architecture", purpose))
