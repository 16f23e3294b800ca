"""`pilar event show` and `pilar event dead` as a person types them."""

import hashlib
import json
from pathlib import Path

import pytest

from ledger.errors import PilarError
from ledger.records import EventIn
from ledger.store import Ledger
from tests.pilar.conftest import Type
from tests.pilar.platform.sources_of_tests import write_sources


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    return write_sources(tmp_path / "sources")


def test_an_event_is_shown_with_what_followed(typed: Type, ledger: Ledger) -> None:
    event_id, _ = ledger.record_event(EventIn("health", "1", "changed", "births"))
    shown = typed("event", "show", event_id)
    assert [line.split()[-3:] for line in shown.splitlines()[1:]] == [["received", "births", "received"]]
    assert json.loads(typed("event", "show", event_id, "--json"))["course"][0]["step"] == "received"
    with pytest.raises(PilarError, match="there is no event 'nope'"):
        typed("event", "show", "nope")


def test_dead_letters_are_listed_without_content(typed: Type, ledger: Ledger) -> None:
    assert "Every message of a queue could be stored." in typed("event", "dead")
    digest = hashlib.sha256(b"x").hexdigest()
    for _ in range(2):
        ledger.record_dead_letter("bus", "malformed", digest, 1)
    [line] = typed("event", "dead").splitlines()[1:]
    assert line.split()[-4:] == ["bus", "malformed", "2", digest]
