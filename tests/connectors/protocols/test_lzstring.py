"""LZString: what the original packs is read to the letter; what is cut, foreign or a bomb is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.protocols.lzstring import LzStringError, decompress
from simulator.systems.bpjs_lock import bomb, packed

# Packed by the original library in JavaScript, lz-string 1.5.0.
POLI = '{"list":[{"kdpoli":"ANA","nmpoli":"ANAK"},{"kdpoli":"INT","nmpoli":"PENYAKIT DALAM"}]}'
DOCTORS = ",".join(f'{{"kodedokter":{number * 37 % 101},"n":"dr {number}"}}' for number in range(60))
VECTORS = {
    "empty": ("", "Q"),
    "one": ("a", "IZA"),
    "repeated": ("a" * 20, "IY1-kA"),
    "null": ("null", "HYVwNmQ"),
    "poli": (
        POLI,
        "N4IgNglgzgLiBcBtUBrAJgBwPaQSAggHL4gA0IAdgLba7wHEDSIAvqapjhHgJKEAqZSjS54ACgFFCATXyMe-AAQARfABl8AWVYBdFkA",
    ),
    "wide": ('Puskesmas – Ω 𝔓 "ok"\n', "AoVwzg1gpmC2CGYAEhkAiYSuAmFYNwyLtIEQD2E+AUEA"),
    "beyond latin": ("éééĀā", "JcwAgJAQCA"),
    "long": (
        DOCTORS,
        "N4Ig1g9gJgplFgC4wE4gFwAYA0IB2GIUKABJiAL7aiSzxKoYDMA7LgekaQIyXXjQ4CZGnQsALO0LESAJj41B9ERm45800kwUC6wxunFsNnGe"
        "J20hDUQA5JJriQCsFpftGz1HRwDZXe6wwnY28ZFn8rFXQATntQ0hsI5QMmL00SaKT3DB8Q9LUswPQmKVMeXipFAKjxNLKSbnlK3UiDFjz67m"
        "1my2TRLtLHbnMetyKnOqGXUeqDGw6hvxnWjxKHGW5w5b6cyY3E7eyYhY3Mw6KmNfi5cnOolj3SWQr+XqOfQZlZJtexmqv0rJur9ZrZHnIRiC"
        "VqoPusntMoTt0E4AfVZEtEUdouDZFtMUV0Z8ngd8VEfKjHLIzqSDGpwalClEmLDrkwXlVoWIKTImD8OUjokSSJdGQZxCz0kxIfyjjZuVoETK"
        "itxBXDhRilVEnBL6qxRaJovLhSTNQYqUKmNTTaIfDrHLV9RhZELxOyWkjLS6+e6jiw7WZgdbVM61eJpT6iuJVddxIqI1EbP7SOLHehvi68UH"
        "kdH0uITfGDNEkyQo6neUKJqmfDn6k43W9xhXvQ2aiHrijUywa44nOGW7SnBW4-3RE42+ltambN2ZMFU7JB2qnPmRzlx7WzkA",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_what_the_original_packs_is_read_to_the_letter(name: str) -> None:
    text, stream = VECTORS[name]
    assert decompress(stream, 10_000) == text


@pytest.mark.parametrize("name", sorted(set(VECTORS) - {"empty"}))
def test_p1_a_cut_stream_is_never_taken_for_a_whole_one(name: str) -> None:
    stream = VECTORS[name][1]
    for length in range(len(stream) - 1):  # the last sign may hold nothing but filling
        with pytest.raises(LzStringError):
            decompress(stream[:length], 10_000)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_comes_back(text: str) -> None:
    assert decompress(packed(text), 1000) == text


@given(st.text("ABCDEFGHIJ+-89xyz", max_size=60))
def test_any_signs_are_a_text_or_an_error(stream: str) -> None:
    try:
        assert len(decompress(stream, 5000)) <= 5000
    except LzStringError as error:
        assert str(error)  # noqa: PT017 (either outcome will do)


def test_a_bomb_is_refused_at_the_bound() -> None:
    stream = bomb(9000)
    assert len(stream) < 25_000  # 40 million characters
    with pytest.raises(LzStringError, match="more than 1000000 characters"):
        decompress(stream, 1_000_000)


@pytest.mark.parametrize("stream", ["IZA!", "I$", "<html>", "IZAAAA", VECTORS["wide"][1] + "Q" * 9, "ééé"])
def test_what_is_no_stream_is_refused(stream: str) -> None:
    with pytest.raises(LzStringError):
        decompress(stream, 1000)
