"""Unpacking piece by piece."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.body import BodyError, Decoder


def unpack(coding: str, data: bytes, step: int, limit: int = 1_000_000) -> bytes:
    decoder = Decoder(coding, limit)
    for place in range(0, len(data), step):
        decoder.feed(data[place : place + step])
    return decoder.finish()


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@given(st.binary(max_size=5000), st.integers(min_value=1, max_value=700))
def test_every_coding_gives_back_what_was_packed_however_it_is_cut(data: bytes, step: int) -> None:
    assert unpack("", data, step) == data
    assert unpack("gzip", gzip.compress(data), step) == data
    assert unpack("GZIP", gzip.compress(data) + gzip.compress(b"more"), step) == data + b"more"
    assert unpack("deflate", zlib.compress(data), step) == data
    assert unpack("deflate", bare(b"x" + data), step) == b"x" + data


@given(st.binary(min_size=1, max_size=2000), st.integers(min_value=1, max_value=30))
def test_a_cut_stream_is_never_taken_for_a_whole_one(data: bytes, cut: int) -> None:
    packed = gzip.compress(data)
    with pytest.raises(BodyError) as caught:
        unpack("gzip", packed[: -min(cut, len(packed) - 1)], 64)
    assert caught.value.damaged


def test_the_bound_holds_to_the_byte_and_before_the_bomb_is_unpacked() -> None:
    assert len(unpack("gzip", gzip.compress(b"0" * 1000), 64, limit=1000)) == 1000
    with pytest.raises(BodyError, match="more than 999 bytes"):
        unpack("gzip", gzip.compress(b"0" * 1000), 64, limit=999)
    decoder = Decoder("gzip", 1000)
    with pytest.raises(BodyError):
        decoder.feed(gzip.compress(b"0" * 30_000_000))
    assert decoder._size < 2000


def test_junk_after_the_stream_is_damage() -> None:
    with pytest.raises(BodyError):
        unpack("gzip", gzip.compress(b"x") + b"junk", 64)
