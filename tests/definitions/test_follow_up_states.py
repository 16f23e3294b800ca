"""Which moves of a recommendation there are: every pair of a state and a word, allowed or refused."""

from itertools import product

import pytest

from definitions.follow_up_states import STATES, TABLE, WORDS, Allowed, State, Word, moved
from ledger.errors import ConfigError

LINES = {(line.start, line.word): line for line in TABLE}
STARTS: tuple[State | None, ...] = (None, *STATES)


@pytest.mark.parametrize(("start", "word"), list(product(STARTS, WORDS)))
def test_only_the_tables_moves_are_made(start: State | None, word: Word) -> None:
    line = LINES.get((start, word))
    if line is None:
        with pytest.raises(ConfigError, match="is not for it"):
            moved(start, word, actor="a", last_actor="b", reason="because")
    else:
        assert moved(start, word, actor="a", last_actor="b", reason="because") == line.to


@pytest.mark.parametrize("line", [line for line in TABLE if line.reason], ids=lambda line: f"{line.start}-{line.word}")
def test_what_needs_a_reason_is_refused_without_one(line: Allowed) -> None:
    with pytest.raises(ConfigError, match="needs a reason"):
        moved(line.start, line.word, actor="a", last_actor="b", reason=" ")


SPELLINGS = ["dinas_kesehatan", "Dinas Kesehatan", " dinas_kesehatan ", "DINAS-KESEHATAN", "dinas\u00a0\uff4besehatan"]


@pytest.mark.parametrize("actor", SPELLINGS)
@pytest.mark.parametrize("word", ["verify", "return"])
def test_nobody_judges_what_they_did_themselves(word: Word, actor: str) -> None:
    with pytest.raises(ConfigError, match="somebody else"):
        moved("done", word, actor=actor, last_actor="dinas_kesehatan", reason="because")


@pytest.mark.parametrize("actor", ["dinas_kesehatan_2", "dinas_pendidikan", "verifikator-1"])
def test_another_account_may_judge(actor: str) -> None:
    assert moved("done", "verify", actor=actor, last_actor="dinas_kesehatan") == "verified"


def test_nothing_is_verified_that_was_not_done() -> None:
    """Of every path from the beginning, the one before the last state of a verified one is done."""
    into = {line.start for line in TABLE if line.to == "verified"}
    assert into == {"done"}
    assert {line.word for line in TABLE if line.to == "done"} == {"done"}
