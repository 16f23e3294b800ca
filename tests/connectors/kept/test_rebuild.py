"""From kept bytes to the same pages and the same rows, for every protocol, with nobody there to ask."""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from openpyxl import Workbook

from connectors.http.client import HttpClient
from connectors.kept.rebuild import differences, kept_pages, kept_rows, rebuild
from connectors.protocols import registry
from connectors.protocols.base import Page
from connectors.pull.page_store import read_noted
from connectors.source.source import Source
from ledger.errors import LedgerError
from ledger.keys import Keys
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import source_of
from tests.connectors.protocols.conftest import Pull, as_reply
from tests.connectors.protocols.systems import SYSTEMS, healthy_pages
from tests.connectors.protocols.test_bps import PINRANG
from tests.connectors.pulling import COLUMNS, make, page, pull_pages, records, two_years

CONTEXT = {"kode": "64.02", "tahun": "2024"}
ROWS = [{"id": "a", "n": 1.50}, {"id": "b", "n": "?"}, {"id": "c", "n": 3}]
TABLE = "<table><tr><th>id</th><th>n</th></tr><tr><td>a</td><td>1.5</td></tr><tr><td>b</td><td>?</td></tr></table>"
BUNDLE = {
    "resourceType": "Bundle",
    "type": "searchset",
    "total": 2,
    "entry": [
        {"resource": {"resourceType": "Encounter", "id": "a", "n": 1}},
        {"resource": {"resourceType": "Encounter", "id": "b", "n": "?"}},
        {"resource": {"resourceType": "Patient", "id": "x"}, "search": {"mode": "include"}},
    ],
}
TOKEN = {"access_token": "token", "expires_in": "3599"}
BPJS = {"path": "ref/poli", "records": "$.list"}
BPJS_LIST = {"metaData": {"code": "200", "message": "OK"}, "response": {"list": ROWS}}
OSS = {"responinqueryNIB": {"kode": 200, "keterangan": "", "dataProyek": {"data_proyek": ROWS}}}
CSV = "laporan\nid;n\na;1,5\nb;?\n"


def scripted(name: str, args: Mapping[str, Any], *answers: Any) -> Callable[[Path, str], list[Page]]:
    """Pages of a protocol over HTTP, from answers in the order in which they are asked for."""
    queue = [as_reply(answer) for answer in answers]
    return lambda folder, server: Pull(name, args, lambda request: queue.pop(0), [CONTEXT]).pages()


def from_file(name: str, body: bytes, **args: Any) -> Callable[[Path, str], list[Page]]:
    def pages(folder: Path, server: str) -> list[Page]:
        (folder / "data_64.02.x").write_bytes(body)
        named = {} if name == "files.evidence" else {"pattern": r"data_(?P<kode>.*)\.x"}
        return taken(name, named | args, Connection(url=f"file://{folder}"))

    return pages


def from_database(folder: Path, server: str) -> list[Page]:
    query = "select v.id, v.n from (values ('a', '1.50'), ('b', '?'), ('c', %(kode)s)) v (id, n)"
    return taken("sql", {"query": query, "page_rows": 2}, Connection(url=server, extra={"private": True}))


def from_system(name: str) -> Callable[[Path, str], list[Page]]:
    return lambda folder, server: list(healthy_pages(name))


def taken(name: str, args: Mapping[str, Any], connection: Connection) -> list[Page]:
    protocol = registry.get(name)
    with HttpClient(connection) as http:
        return list(protocol(protocol.Args.model_validate(args), connection, [CONTEXT], http).pages())


def workbook() -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in (["id", "n"], ["a", 1.5], ["b", "?"], ["c", 3]):
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


AVAILABLE = PINRANG | {"status": "OK", "data-availability": "available"}
BPS = {"domain": "7315", "var": [31], "tahun": [1999]}
SIPSN = {"columns": ["id", "n"], "session": ""}
REST = {"path": "/api", "records": "$.rows"}
CSV_ARGS = {"delimiter": ";", "header_row": 2}
# (protocol, arguments, where its pages come from), for what the protocol's system does not show: see below.
CASES: list[tuple[str, Mapping[str, Any], Callable[[Path, str], list[Page]]]] = [
    ("bps", BPS, scripted("bps", BPS, AVAILABLE)),
    ("dapodik", {}, scripted("dapodik", {"method": "getSekolah", "npsn": "1", "semester_id": "20241"},
                             {"results": 3, "start": 0, "rows": ROWS})),
    ("files.csv", CSV_ARGS | {"pattern": "x"}, from_file("files.csv", CSV.encode(), **CSV_ARGS)),
    ("files.evidence", {}, from_file("files.evidence", CSV.encode())),
    ("files.xlsx", {"pattern": "x"}, from_file("files.xlsx", workbook())),
    ("bpjs", BPJS, scripted("bpjs", BPJS, BPJS_LIST)),
    ("oss", {}, scripted("oss", {"method": "inqueryNIB"}, OSS)),
    ("rest", REST, scripted("rest", REST, {"rows": ROWS})),
    ("rest", REST, scripted("rest", REST, {"rows": []})),
    ("satusehat", {"resource": "Encounter"}, scripted("satusehat", {"resource": "Encounter"}, TOKEN, BUNDLE)),
    ("satusehat", {"resource": "Encounter"},
     scripted("satusehat", {"resource": "Encounter"}, TOKEN, BUNDLE | {"entry": BUNDLE["entry"][:2]})),  # type: ignore[index]
    ("sicantik", {"method": "jenisperizinanlist"}, scripted("sicantik", {"method": "jenisperizinanlist"}, ROWS)),
    ("sipd", {}, scripted("sipd", {"path": "/x", "paged": False}, {"data": ROWS})),
    ("sipsn", SIPSN, scripted("sipsn", SIPSN, {"markers": [["a", 1.50], ["b", "?"]]})),
    ("sipsn", SIPSN | {"kind": "table"}, scripted("sipsn", SIPSN | {"kind": "table"}, {"table": TABLE})),
    ("sql", {"query": "select 1"}, from_database),
]  # fmt: skip
SCRIPTED = {name for name, _, _ in CASES}
CASES += [(name, SYSTEMS[name].args, from_system(name)) for name in SYSTEMS if name not in SCRIPTED]
PLAIN = {"id": {}, "n": {"type": "decimal(8,2)"}, "kode": {"context": "kode"}}
FILES = {"nomor_bukti": {}, "jenis": {}, "ukuran": {"type": "integer"}, "kode": {"context": "kode"}}
FIGURES = {"vervar": {}, "nilai": {"type": "integer"}, "th": {"context": "tahun"}}


def test_every_protocol_has_a_case() -> None:
    assert {name for name, _, _ in CASES} == set(registry.names())


@pytest.mark.integration
@pytest.mark.parametrize("case", range(len(CASES)), ids=[f"{name}-{at}" for at, (name, _, _) in enumerate(CASES)])
def test_p2_kept_bytes_give_the_same_pages_and_the_same_rows(
    case: int, ledger: Ledger, settings: Settings, tmp_path: Path, postgres_url: str
) -> None:
    name, args, answer = CASES[case]
    source = sample(name, args)
    pages = answer(tmp_path, postgres_url)
    [outcome] = pull_pages(source, pages, ledger, settings).batches
    batch = ledger.batch(outcome.batch_id)
    assert batch is not None
    again = list(kept_pages(source, kept_rows(batch, ledger), settings, Keys.load(settings.key_dir)))
    assert again == pages
    rebuilt = rebuild(source, batch, ledger, settings)
    assert differences(batch, rebuilt) == {}


def sample(name: str, args: Mapping[str, Any]) -> Source:
    columns, key = {"bps": (FIGURES, ["vervar"]), "files.evidence": (FILES, ["nomor_bukti"])}.get(name, (PLAIN, ["id"]))
    contexts: Sequence[Mapping[str, str]] = [CONTEXT]
    if name not in SCRIPTED:
        columns = {held: {"from": origin} for held, origin in SYSTEMS[name].columns.items()}
        contexts = SYSTEMS[name].for_each
    limits = {"rows": {"min": 0}, "quarantine": {"max": "90%"}, "shrink": {"max": "20%"}}
    return source_of(columns, key, protocol=name, args=args, for_each=contexts, assertions=limits)


def test_a_batch_among_others_of_its_pull_is_rebuilt_alone(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    by_rows = make(id="rows_say", columns=COLUMNS | {"tahun": {"type": "integer"}})
    mixed = [*records(12, tahun=2023), *(row | {"id": f"x{row['id']}"} for row in records(10, tahun=2024))]
    pull_pages(by_rows, [page(0, mixed[:15]), page(1, mixed[15:])], ledger, settings)
    for one in (source, by_rows):
        found = ledger.in_force(one.id)
        assert [batch.coverage for batch in found] == ["2023", "2024"]
        assert [differences(batch, rebuild(one, batch, ledger, settings)) for batch in found] == [{}, {}]


def test_p7_what_does_not_follow_from_the_bytes_is_named(ledger: Ledger, settings: Settings) -> None:
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    batch = ledger.in_force(source.id)[0]
    stricter = make(columns=COLUMNS | {"n": {"type": "integer", "max": 9}})
    rebuilt = rebuild(stricter, batch, ledger, settings)
    assert differences(batch, rebuilt).keys() == {"rows landed", "rows quarantined", "landed file"}
    assert rebuilt.received == rebuilt.landed + rebuilt.quarantined == 20


def test_pages_that_were_swapped_are_noticed(ledger: Ledger, settings: Settings) -> None:
    """Each is authentic and whole; but it is not the one that the ledger knows under this number."""
    source = make()
    pull_pages(source, two_years(), ledger, settings)
    batch = ledger.in_force(source.id)[1]
    first, second = (settings.home / (row.path or "") for row in ledger.pages(batch.batch_id))
    second.write_bytes(first.read_bytes())
    with pytest.raises(LedgerError, match="not the one that the ledger knows") as caught:
        rebuild(source, batch, ledger, settings)
    assert "\n" not in str(caught.value)


def test_p6_what_a_page_is_about_lies_in_its_encrypted_file_only(
    ledger: Ledger, settings: Settings, ledger_url: str
) -> None:
    """A file's name or a request may name a person: what is kept of it to read a page again must not be in clear."""
    pages = [page(0, records(3), ibu="Siti Contohwan")]
    [outcome] = pull_pages(make(), pages, ledger, settings).batches
    [row] = ledger.pages(outcome.batch_id)
    path = settings.home / (row.path or "")
    note, _ = read_noted(path, Keys.load(settings.key_dir).page_key)
    assert note["context"]["ibu"] == "Siti Contohwan"
    assert b"Siti" not in path.read_bytes()
    with psycopg.connect(ledger_url) as connection:
        assert "Siti" not in str(connection.execute("select * from page, batch").fetchall())
