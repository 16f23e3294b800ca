"""A frozen stage: signed, kept, made again to the byte, and never half there."""

import json
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import AlteredPublicationError, ConfigError, NoPublicationError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.audit.verification import Checked, Holdings, Scope, verify
from pilar.stages import freeze as freezing
from pilar.stages import frozen
from pilar.stages.freeze import Outcome, freeze
from pilar.stages.signature import public_key
from publication import pointer
from tests.connectors.dying import Killed, dying
from tests.pilar.stages.conftest import CORRECTED, INSTRUMENT, House, content

pytestmark = pytest.mark.integration


def once(house: House, stage: str = "II", instrument: str = INSTRUMENT, **more: Any) -> Outcome:
    return freeze(house.ledger, house.settings, instrument, stage, who="walidata", **more)


def checked(house: House, *, offline: bool = False) -> Checked | None:
    holdings = Holdings(house.settings.home, house.settings.key_dir, None if offline else house.ledger)
    lines = verify(house.ledger.witnesses, holdings, Scope())
    return next((line for line in lines if line.what == "frozen stages"), None)


def damage(house: House) -> str:
    found = checked(house)
    return str(found.damage) if found is not None and found.damage is not None else ""


def test_a_stage_is_frozen_with_everything_it_rests_on(house: House) -> None:
    made = once(house)
    assert (made.became, made.folder, made.freeze.version) == ("frozen", house.frozen(), 1)
    told = json.loads((house.frozen() / "freeze.json").read_text())
    assert (told["instrument"], told["year"], told["stage"]) == (INSTRUMENT, 2023, "II")
    assert (told["publication"], told["frozen_by"]) == (house.published[0], "walidata")
    assert content(house.frozen() / "publication") == content(house.settings.published_dir / house.published[0])
    assert list(content(house.frozen() / "instrument")) == [f"{INSTRUMENT}.yaml"]
    (decision,) = house.ledger.decisions("freeze")
    assert decision.told["list_sha256"] == made.list_sha256 == frozen.list_sha256(house.frozen())
    assert (found := checked(house)) is not None
    assert (found.count, found.damage) == (1, None)


def test_the_same_publication_is_not_frozen_twice(house: House) -> None:
    once(house)
    before = content(house.settings.frozen_dir)
    again = once(house, stage="2")
    assert again.became == "already frozen"
    assert content(house.settings.frozen_dir) == before
    assert len(house.ledger.decisions()) == 1
    other = once(house, stage="I")
    assert (other.became, other.freeze.version) == ("frozen", 1)


def test_what_comes_later_is_a_new_version_that_tells_what_moved_and_why(house: House) -> None:
    once(house)
    first = content(house.frozen())
    house.publish(*CORRECTED)
    made = once(house)
    assert (made.became, made.freeze.version) == ("frozen", 2)
    assert json.loads((house.frozen(2) / "moved.json").read_text())["since_version"] == 1
    moved = made.moved
    assert [(row["kind"], row["before"], row["after"]) for row in moved] == [
        ("question", "3.00", "4.00"),
        ("dimension", "3.67", "3.83"),
        ("index", "2.99", "3.02"),
    ]
    question, dimension, index = moved
    assert question["because"]["measured"] == {"before": Decimal("70.6"), "after": Decimal("80.1")}
    assert len(question["because"]["batches"]["gone"]) == len(question["because"]["batches"]["new"]) == 1
    assert dimension["follows"] == [question["what"]]
    assert index["follows"] == [dimension["what"]]
    assert content(house.frozen()) == first
    assert damage(house) == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update definitions.indicators set definition = 'another' where id = 'eco_ipm'", "definition"),
        ("update definitions.bands set basis = 'another' where question_key = '2023-outcome-13'", "bands"),
        ("update scores.question_scores set period = '2022' where indicator_id = 'eco_ipm'", "period"),
    ],
)
def test_a_score_that_moved_names_what_else_is_another_one(house: House, change: str, reason: str) -> None:
    once(house)
    house.publish(*CORRECTED, change)
    question = next(row for row in once(house).moved if row["kind"] == "question")
    assert {"batches", "measured", reason} == set(question["because"])


def test_a_folder_that_is_gone_is_made_again_to_the_byte(house: House) -> None:
    once(house)
    house.publish(*CORRECTED)
    once(house)
    before = content(house.settings.frozen_dir)
    for version in (1, 2):
        shutil.rmtree(house.frozen(version))
    assert "missing" in damage(house)
    assert once(house).became == "made again"
    assert content(house.settings.frozen_dir) == before
    assert len(house.ledger.decisions()) == 2


# (whose step, which step, at which call of it, before or after its work)
DEATHS = [
    (frozen, "signed", 1, False),
    (frozen, "sync", 5, True),
    (freezing, "verify", 2, True),
    (Ledger, "decide", 1, False),
    (Ledger, "decide", 1, True),
    (freezing, "_name", 1, False),
    (freezing, "_name", 1, True),
]


@pytest.mark.parametrize(("owner", "name", "nth", "after"), DEATHS, ids=[f"{d[1]}-{d[3]}" for d in DEATHS])
def test_p2_a_freeze_may_die_anywhere_and_nothing_is_half_frozen(
    house: House, owner: Any, name: str, nth: int, after: bool
) -> None:
    with dying(owner, name, nth, after=after), pytest.raises(Killed):
        once(house)
    recorded = house.ledger.decisions("freeze")
    named = house.frozen().exists()
    assert named <= bool(recorded)
    if named:
        assert frozen.check(house.frozen()) == recorded[0].told["list_sha256"]
    made = once(house)
    assert made.became == ("already frozen" if recorded else "frozen")
    assert [path.name for path in house.settings.frozen_dir.iterdir()] == [house.frozen().parent.name]
    assert len(house.ledger.decisions()) == 1
    assert damage(house) == ""


ALTERED = {
    "publication/index.html": "altered",
    "publication/manifest.json": "altered",
    "freeze.json": "altered",
    "instrument/smart-city-2023.yaml": "altered",
    "BACA-SAYA.txt": "altered",
    "SHA256SUMS": "not what was signed",
    "SHA256SUMS.sig": "not what was signed",
    "public-key.pem": "public key|not what was signed",
}


@pytest.mark.parametrize(("name", "told"), ALTERED.items())
def test_p7_a_changed_byte_is_told_with_and_without_a_ledger(house: House, name: str, told: str) -> None:
    once(house)
    path = house.frozen() / name
    path.chmod(0o644)
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))
    for found in (checked(house), checked(house, offline=True)):
        assert found is not None
        assert found.damage is not None
    with pytest.raises((AlteredPublicationError, ConfigError), match=told):
        frozen.check(house.frozen())
    with pytest.raises((AlteredPublicationError, ConfigError)):
        once(house)


def test_p7_files_added_removed_or_linked_are_told(house: House) -> None:
    once(house)
    added = house.frozen() / "publication" / "more.txt"
    added.write_text("more")
    assert "publication/more.txt was added" in damage(house)
    added.unlink()
    page = house.frozen() / "publication" / "index.html"
    elsewhere = shutil.move(page, house.settings.home / "index.html")
    assert "publication/index.html is missing" in damage(house)
    page.symlink_to(elsewhere)
    assert "publication/index.html was replaced by a link" in damage(house)


def test_p7_a_folder_signed_by_somebody_else_is_told(house: House, tmp_path: Path) -> None:
    """All of it is signed anew with another key: only the ledger's list, and the publisher's key, tell."""
    once(house)
    version = frozen.read(house.frozen())
    publication = house.settings.published_dir / house.published[0]
    own = public_key(house.settings.key_dir)
    shutil.rmtree(house.frozen())
    house.frozen().mkdir()
    other = Settings(home=tmp_path, ledger_url="postgresql://nobody", key_dir=tmp_path / "others")
    other.key_dir.mkdir()
    frozen.write(house.frozen(), version, publication, {"instrument/x.yaml": b"x"}, moved=(), key_dir=other.key_dir)
    assert "not the one the ledger recorded" in damage(house)
    with pytest.raises(AlteredPublicationError, match="not the key"):
        frozen.check(house.frozen(), own)


def test_p7_a_folder_nobody_recorded_is_a_stranger(house: House) -> None:
    once(house)
    shutil.copytree(house.frozen(), house.frozen(2))
    assert "the ledger does not know it" in damage(house)


@pytest.mark.skipif(shutil.which("openssl") is None or shutil.which("sha256sum") is None, reason="no such programs")
def test_p7_a_person_needs_only_the_folder_the_key_and_two_programs(house: House, tmp_path: Path) -> None:
    once(house)
    copy = shutil.copytree(house.frozen(), tmp_path / "copy")
    commands = [line.strip() for line in (copy / "BACA-SAYA.txt").read_text().splitlines() if line.startswith("  ")]
    assert len(commands) == 2

    def told() -> list[int]:
        return [subprocess.run(line, shell=True, cwd=copy, check=False).returncode for line in commands]  # noqa: S602

    assert told() == [0, 0]
    page = copy / "publication" / "index.html"
    page.chmod(0o644)
    page.write_text("another")
    assert told() == [0, 1]
    (copy / "SHA256SUMS").chmod(0o644)
    (copy / "SHA256SUMS").write_text("another")
    assert told()[0] != 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"instrument": "pemdi-2062"}, "Did you mean 'pemdi-2026'"),
        ({"stage": "III"}, "Write I or II"),
        ({"instrument": "sipsn"}, "says nothing of sipsn 2024"),
        ({"year": 2025}, "says nothing of smart-city-2023 2025"),
        ({"year": 2022}, "It is of 2023"),
    ],
)
def test_p10_what_cannot_be_frozen_is_refused(house: House, words: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        once(house, **words)
    assert house.ledger.decisions() == []
    assert list(house.settings.frozen_dir.glob("*")) == []


def test_p10_without_a_publication_or_with_an_altered_one_nothing_is_frozen(ledger: Ledger, house: House) -> None:
    page = house.settings.published_dir / house.published[0] / "index.html"
    page.chmod(0o644)
    page.write_text("another")
    with pytest.raises(AlteredPublicationError, match=r"index\.html was altered"):
        once(house)
    (house.settings.published_dir / pointer.CURRENT).unlink()
    with pytest.raises(NoPublicationError):
        once(house)
    assert ledger.decisions() == []


def test_another_instrument_is_frozen_by_its_own_year(house: House) -> None:
    made = once(house, instrument="pemdi-2026", stage="i")
    assert made.folder.parent.name == "pemdi-2026-2026-I"
