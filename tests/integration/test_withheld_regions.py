"""A region whose government withholds it, in a whole installation: every kind of source, figure and document."""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
import pytest

from ledger.errors import ConfigError, PublicationError
from ledger.regions import Region, known
from pilar import cli
from pilar.evaluation import evaluate
from pilar.evaluation.publish import preview
from pilar.evaluation.withheld import KIND, decide, hidden, states
from pilar.stages.freeze import freeze
from publication.tables import DUCKDB_FILE
from publication.verify import verify
from tests.conftest import DEMO_REGIONS
from tests.integration.conftest import Installation

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

REGIONS = known(DEMO_REGIONS)
WITHHELD = next(region for region in REGIONS if region.code == "35.07")


@pytest.fixture(scope="module")
def apart(installation: Installation) -> Iterator[tuple[Path, Path]]:
    """The publication with everybody, and the one that withholds; afterwards the region is published again."""
    ledger, settings = installation.ledger, installation.settings
    if evaluate.due(ledger, settings):
        installation.evaluate()  # a test before may have left data that is not published
    assert not evaluate.due(ledger, settings)
    before = settings.published_dir / str(installation.published())
    assert decide(ledger, settings, WITHHELD, "withheld", actor="diskominfo", reason="belum diperiksa")
    assert evaluate.due(ledger, settings)
    with pytest.raises(PublicationError, match="withheld by now"):
        freeze(ledger, settings, "smart-city-2023", "I", who="walidata")
    installation.evaluate()
    assert not evaluate.due(ledger, settings)
    yield before, settings.published_dir / str(installation.published())
    decide(ledger, settings, WITHHELD, "published", actor="diskominfo", reason="")
    installation.evaluate()


def forms(region: Region) -> re.Pattern[str]:
    """How bytes name a region: its dotted code as a word, its name as it is and as an address writes it."""
    names = {region.name, quote(region.name), quote_plus(region.name), region.name.replace(" ", "_")}
    return re.compile(rf"(?<![\d.]){re.escape(region.code)}(?![\d.])|{'|'.join(map(re.escape, names))}", re.I)


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every byte that readers get, by file: tables through their readers, everything else as it lies there."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        yield "names of files", name
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
                for schema, table in tables:
                    rows = connection.execute(f'from "{schema}"."{table}"').fetchall()
                    yield f"{name} {schema}.{table}", "\n".join("\t".join(map(str, row)) for row in rows)
        elif path.suffix == ".parquet":
            rows = duckdb.sql(f"from '{path}'").fetchall()
            yield name, "\n".join("\t".join(map(str, row)) for row in rows)
        for part in unpacked(path):
            yield name, part.decode("utf-8", errors="replace")


def unpacked(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and those of what is packed in it: workbooks and other archives, streams of a PDF."""
    body = path.read_bytes()
    yield body
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif body.startswith(b"%PDF"):
        for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", body, re.DOTALL):
            with suppress(zlib.error):  # a picture or a font is packed in another way
                yield zlib.decompress(stream)


def naming(folder: Path, region: Region) -> set[str]:
    """Where a publication names a region."""
    pattern = forms(region)
    return {name for name, text in texts(folder) if pattern.search(text)}


def test_p3_what_is_withheld_is_in_no_byte_of_the_publication(apart: tuple[Path, Path]) -> None:
    before, after = apart
    assert len(naming(before, WITHHELD)) > 20  # the search finds what is there
    assert naming(after, WITHHELD) == set()
    for other in REGIONS:
        if other != WITHHELD:
            assert len(naming(after, other)) > 20


def test_p7_the_others_are_explained_to_the_byte_as_before(apart: tuple[Path, Path]) -> None:
    """Every line of evidence of the others but those whose request named the withheld region."""
    query = (
        "select region_code, question_key, indicator_id, batch_id, page_sha256, request from meta.evidence "
        f"where region_code <> '{WITHHELD.code}' order by all"
    )
    told = []
    for folder in apart:
        with duckdb.connect(str(folder / DUCKDB_FILE), read_only=True) as connection:
            told.append(connection.execute(query).fetchall())
    then, now = told
    named = re.compile(rf"(?<!\d)({WITHHELD.code}|{WITHHELD.digits}|{WITHHELD.bps_code})(?!\d)")
    assert {row[:4] for row in now} == {row[:4] for row in then}
    assert {row for row in now if row[4]} == {row for row in then if row[4] and not named.search(row[5])}
    assert any(named.search(row[5]) for row in then if row[4])


def test_every_request_and_batch_of_the_region_alone_is_left_out(apart: tuple[Path, Path]) -> None:
    named = re.compile(rf"(?<!\d)({WITHHELD.digits}|{WITHHELD.bps_code})(?!\d)")
    for folder, expected in zip(apart, (True, False), strict=True):
        with duckdb.connect(str(folder / DUCKDB_FILE), read_only=True) as connection:
            requests = [row[0] for row in connection.execute("select request from meta.pages").fetchall()]
            batches = connection.execute("select count(*) from meta.batches").fetchone()
        assert any(named.search(request) for request in requests) is expected
        assert batches is not None
        assert batches[0] > 0


def test_p3_nobody_goes_back_to_what_holds_a_withheld_region(
    apart: tuple[Path, Path], installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = apart
    with pytest.raises(PublicationError, match=f"holds {WITHHELD.name}, which is withheld by now"):
        cli.app(["publications", "rollback", before.name], standalone_mode=False)
    assert installation.published() == after.name
    cli.app(["regions", "list", "--json"], standalone_mode=False)
    told = {one["code"]: one for one in json.loads(capsys.readouterr().out)["regions"]}
    assert {code: one["state"] for code, one in told.items()} == {
        region.code: "withheld" if region == WITHHELD else "published" for region in REGIONS
    }
    assert (told[WITHHELD.code]["actor"], told[WITHHELD.code]["reason"]) == ("diskominfo", "belum diperiksa")
    assert (cli.app(["verify"], standalone_mode=False) or 0) == 0, capsys.readouterr().out


def test_the_region_looks_at_itself_beside_the_publications(
    apart: tuple[Path, Path], installation: Installation
) -> None:
    settings = installation.settings
    names = {path.name for path in settings.published_dir.iterdir()}
    folder = preview(installation.ledger, settings, WITHHELD)
    assert settings.published_dir not in folder.parents
    assert settings.previews_dir.stat().st_mode & 0o077 == 0
    assert verify(folder)
    assert len(naming(folder, WITHHELD)) > 20
    assert [naming(folder, other) for other in REGIONS if other != WITHHELD] == [set()] * (len(REGIONS) - 1)
    assert preview(installation.ledger, settings, WITHHELD) == folder
    assert {path.name for path in settings.published_dir.iterdir()} == names


def test_p10_only_a_region_of_the_installation_is_withheld_and_with_a_reason(installation: Installation) -> None:
    ledger, settings = installation.ledger, installation.settings
    before = ledger.decisions()
    (other,) = known(("11.01",))
    with pytest.raises(ConfigError, match="is no region of this installation"):
        decide(ledger, settings, other, "withheld", actor="x", reason="y")
    with pytest.raises(ConfigError, match="needs a reason"):
        decide(ledger, settings, REGIONS[-1], "withheld", actor="x", reason="  ")
    assert not decide(ledger, settings, REGIONS[-1], "published", actor="x", reason="")
    assert ledger.decisions() == before


def test_p2_a_withholding_takes_effect_at_once_and_a_publishing_with_the_next_evaluation(
    apart: tuple[Path, Path], installation: Installation
) -> None:
    decisions = installation.ledger.decisions(KIND)
    first = decisions[0].at
    everybody = frozenset(DEMO_REGIONS)
    assert hidden(DEMO_REGIONS, decisions, began=datetime.min.replace(tzinfo=UTC)) == {WITHHELD.code}
    assert hidden(DEMO_REGIONS, decisions, began=first) == {WITHHELD.code}
    assert hidden(DEMO_REGIONS, decisions[:-1], began=first) == frozenset()
    assert hidden(DEMO_REGIONS, decisions, began=decisions[-1].at) == {WITHHELD.code}
    # One that the installation gains later waits for its government.
    assert states((*everybody, "11.01"), decisions)["11.01"] == "withheld"
    assert hidden((*everybody, "11.01"), decisions[:-1], began=first) == {"11.01"}
    assert hidden((*everybody, "11.01"), (), began=first) == frozenset()
