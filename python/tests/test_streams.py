"""The streams, against numbers published elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import streams


def test_a_block_is_that_of_rfc_8439() -> None:
    # Appendix A.1, test vectors 1, 2 and 3: their nonces are zeros, too.
    first = "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
    assert streams.blocks(bytes(32), 0)[:4].astype("<u8").tobytes().hex() == first
    second = "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
    assert streams.blocks(bytes(32), 0)[8:12].astype("<u8").tobytes().hex() == second
    third = "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
    assert streams.blocks(bytes([0] * 31 + [1]), 1)[:4].astype("<u8").tobytes().hex() == third


def test_a_stream_is_that_of_the_program() -> None:
    # The numbers that its own tests have pinned.
    key = streams.indexed(streams.child(streams.root(20), "weights"), "epoch", 3)
    stream = streams.Stream(key)
    assert stream.next() == 0x30D3BFB82B145195
    assert stream.below(1000) == 0x25F
    assert np.float64(stream.unit()).view(np.uint64) == 0x3FE3144FE4990059
    # Two mathematical libraries can differ in the last bit.
    pinned = np.uint64(0xC003062FE32E5C57).view(np.float64)
    assert stream.normal() == pytest.approx(float(pinned), rel=1e-15)


def test_blocks_follow_each_other() -> None:
    stream = streams.Stream(bytes(32))
    numbers = [stream.next() for _ in range(2 * 8 * streams.BLOCKS)]
    assert numbers[8 * 700 :][:800] == streams.blocks(bytes(32), 700)[:800].tolist()
    assert len(set(numbers)) == len(numbers)


def test_draws_are_in_their_range() -> None:
    stream = streams.Stream(streams.root(5))
    assert {stream.below(3) for _ in range(100)} == {0, 1, 2}
    chosen = stream.choose(20, 10)
    assert chosen == sorted(set(chosen)) and len(chosen) == 10 and chosen[-1] < 20
    normal = stream.normals(100, 200)
    assert normal.shape == (100, 200)
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.03
