"""A batch whose form is not the contract's: five kinds, each policy, spelled out without a value."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connectors.decide.drift import tame
from connectors.protocols.base import Page
from connectors.pull.course import BatchOutcome
from connectors.source.source import Source
from ledger.settings import Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import page_of, source_of
from tests.connectors.pulling import pull_pages

COLUMNS: dict[str, Any] = {
    "id": {"pattern": "^r[0-9]+$"},
    "nilai": {"type": "decimal(8,2)"},
    "kelas": {"values": ["A", "B"]},
    "tanggal": {"type": "date"},
    "catatan": {},
}
Row = dict[str, Any]
Pull = Callable[..., BatchOutcome]


def source(drift: Mapping[str, str] | None = None, columns: Mapping[str, Any] = COLUMNS, **more: Any) -> Source:
    assertions = {"rows": {"min": 1}, "quarantine": {"max": "100%"}, "shrink": {"max": "20%"}}
    return source_of(columns, ["id"], assertions=assertions, **({"drift": drift} if drift else {}), **more)


def row(nth: int) -> Row:
    return {"id": f"r{nth}", "nilai": nth + 0.25, "kelas": "AB"[nth % 2], "tanggal": f"2024-05-{nth % 28 + 1:02d}",
            "catatan": f"baris ke-{nth}"}  # fmt: skip


@pytest.fixture
def pull(ledger: Ledger, settings: Settings) -> Pull:
    def _pull(of: Source, rows: list[Any], about: str = "") -> BatchOutcome:
        body = json.dumps({"about": about, "rows": rows}).encode()
        page = Page(0, body, body, "$.rows", {}, "GET /", 200, 1)
        return pull_pages(of, [page], ledger, settings).batches[0]

    return _pull


def told(entries: Any, code: str) -> tuple[str, str]:
    """What was observed and what to do, of the one entry with a code."""
    (entry,) = [entry for entry in entries if entry["code"] == code]
    return entry["observed"], entry["do"]


def new_field(rows: list[Row]) -> list[Row]:
    return [row | {"jumlah_anak": nth} for nth, row in enumerate(rows)]


def gone_field(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "tanggal"} for row in rows]


def new_name(rows: list[Row]) -> list[Row]:
    return [{"nilai_akhir" if name == "nilai" else name: value for name, value in row.items()} for row in rows]


def other_type(rows: list[Row]) -> list[Row]:
    return [row | {"tanggal": f"{nth % 20 + 1:02d}/05/2024"} if nth else row for nth, row in enumerate(rows)]


def exchanged(rows: list[Row]) -> list[Row]:
    return [row | {"kelas": row["tanggal"], "tanggal": row["kelas"]} if nth else row for nth, row in enumerate(rows)]


KINDS: dict[str, tuple[Callable[[list[Row]], list[Row]], str, str]] = {
    "added": (new_field, "jumlah_anak (looks like integer)", "jumlah_anak: {type: integer, optional: true"),
    "removed": (gone_field, "tanggal (date): in none of 20 records", "tanggal: {..., optional: true}"),
    "renamed": (new_name, "nilai -> nilai_akhir (20 of 20 values seen fit decimal(8,2))",
                "nilai: {..., from: 'nilai_akhir'}"),
    "retyped": (other_type, "tanggal: date -> 19 of 20 rows cannot be read so; they would as date in the form %d/%m/%Y",
                "tanggal: {..., type: 'date', format: '%d/%m/%Y'}"),
    "reordered": (exchanged, "kelas holds what looks like tanggal; tanggal holds what looks like kelas", ""),
}  # fmt: skip


@pytest.mark.fault(19)
@pytest.mark.parametrize("policy", ["evolve", "warn", "hold"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_evolves_warns_or_holds_as_declared(pull: Pull, kind: str, policy: str) -> None:
    change, said, lines = KINDS[kind]
    outcome = pull(source({kind: policy}), change([row(nth) for nth in range(20)]))
    code = f"drift_{kind}"
    where = outcome.reasons if policy == "hold" else outcome.findings
    elsewhere = outcome.findings if policy == "hold" else outcome.reasons
    observed, do = told(where, code)
    assert observed == said
    assert (lines in do) == (policy == "evolve" or not lines)
    assert code not in [entry["code"] for entry in elsewhere]
    assert outcome.status == ("held" if policy == "hold" else "accepted")


def test_what_is_not_declared_is_held_except_a_new_field() -> None:
    drift = source().contract.drift
    assert [drift.policy(kind) for kind in ("added", "removed", "renamed", "retyped", "reordered")] == [  # type: ignore[arg-type]
        "warn", "hold", "hold", "hold", "hold",
    ]  # fmt: skip


@pytest.mark.fault(19)
def test_p1_a_renamed_field_is_never_mapped(pull: Pull, settings: Settings) -> None:
    import duckdb

    outcome = pull(source({"renamed": "warn"}), new_name([row(nth) for nth in range(20)]))
    path = settings.landing_dir / "sample" / outcome.batch_id / "rows.parquet"
    assert duckdb.execute("SELECT count(*), count(nilai) FROM read_parquet(?)", [str(path)]).fetchall() == [(20, 0)]


def test_fields_that_look_like_nothing_declared_are_added_and_removed(pull: Pull) -> None:
    rows = [{name: value for name, value in row(nth).items() if name != "nilai"} | {"xyz": "-"} for nth in range(9)]
    outcome = pull(source(), rows)
    assert told(outcome.reasons, "drift_removed")[0].startswith("nilai (decimal(8,2)): in none of 9")
    assert told(outcome.findings, "drift_added")[0] == "xyz (looks like string)"


def test_of_several_new_fields_the_one_that_fits_is_named(pull: Pull) -> None:
    rows = [row | {"nilai_lama": "belum ada"} for row in new_name([row(nth) for nth in range(9)])]
    outcome = pull(source(), rows)
    assert told(outcome.reasons, "drift_renamed")[0].startswith("nilai -> nilai_akhir")
    assert told(outcome.findings, "drift_added")[0] == "nilai_lama (looks like string)"


def test_fields_ignored_by_name_are_no_drift(pull: Pull) -> None:
    assert pull(source({"added": "hold"}, ignore=["jumlah_anak"]), new_field([row(1), row(2)])).status == "accepted"


@pytest.mark.parametrize(("drift", "status", "noted"), [(None, "unchanged", 1), ({"retyped": "warn"}, "unchanged", 1),
                                                        ({"retyped": "hold"}, "unchanged", 0)])  # fmt: skip
def test_numbers_that_became_text_are_told_though_they_read_the_same(
    pull: Pull, drift: Mapping[str, str] | None, status: str, noted: int
) -> None:
    rows = [row(nth) for nth in range(9)]
    pull(source(drift), rows)
    outcome = pull(source(drift), [row | {"nilai": f"{row['nilai']:.2f}"} for row in rows])
    assert outcome.status == status
    assert len([entry for entry in outcome.findings if entry["code"] == "drift_retyped"]) == noted
    changed = pull(source(drift), [row | {"nilai": "7.00"} for row in rows])
    assert changed.status == ("held" if drift == {"retyped": "hold"} else "accepted")


def test_text_where_numbers_came_holds_a_column_with_a_locale(pull: Pull) -> None:
    columns = COLUMNS | {"nilai": {"type": "decimal(8,3)", "locale": "id"}}
    pull(source(columns=columns), [row(nth) | {"nilai": 1.125} for nth in range(9)])
    rows = [row(nth) | {"nilai": "1.125"} for nth in range(9)]
    outcome = pull(source(columns=columns), rows)
    observed, _ = told(outcome.reasons, "drift_retyped")
    assert observed == "nilai: JSON gave a number, now a text (9 of 9 values seen)"


@pytest.mark.parametrize(("drift", "status", "noted"), [(None, "accepted", 0), ({"reordered": "warn"}, "accepted", 1),
                                                        ({"reordered": "hold"}, "held", 0)])  # fmt: skip
def test_named_fields_in_another_order_matter_only_where_declared(
    pull: Pull, drift: Mapping[str, str] | None, status: str, noted: int
) -> None:
    rows = [row(nth) for nth in range(9)]
    pull(source(drift), rows)
    outcome = pull(source(drift), [dict(reversed(row.items())) | {"catatan": "lain"} for row in rows])
    assert outcome.status == status
    assert [entry["observed"] for entry in outcome.findings if entry["code"] == "drift_reordered"] == [
        "id, nilai, kelas, tanggal, catatan -> catatan, tanggal, kelas, nilai, id"
    ] * noted


def test_positions_that_moved_are_told_by_their_values(pull: Pull) -> None:
    columns = {name: column | {"position": place} for place, (name, column) in enumerate(COLUMNS.items())}
    rows = [list(row(nth).values()) for nth in range(20)]
    assert pull(source(columns=columns), rows).status == "accepted"
    moved = [[first, third, second, *rest] for first, second, third, *rest in rows[1:]]
    outcome = pull(source(columns=columns), [rows[0], *moved])
    assert told(outcome.reasons, "drift_reordered")[0] == (
        "nilai holds what looks like kelas; kelas holds what looks like nilai"
    )


def test_p6_no_value_and_no_number_of_a_person_is_told(pull: Pull, ledger: Ledger) -> None:
    nik, name = "9964020101230001", "Siti Contohwan"
    columns = COLUMNS | {"nik": {"personal": "pseudonym", "kind": "nik"}}
    rows = [row(nth) | {"nik_anak": nik, "nama_ibu": name, nik: 1} for nth in range(9)]
    outcome = pull(source({"added": "evolve"}, columns=columns), rows)
    everything = json.dumps([list(outcome.reasons), list(outcome.findings)])
    assert nik not in everything
    assert name not in everything
    assert "nama_ibu: {personal: drop}" in everything
    assert told(outcome.reasons, "drift_renamed")[0].startswith("nik -> nik_anak")


@pytest.mark.parametrize(
    ("name", "shown"), [("tahun_2024", "tahun_2024"), ("9964020101230001", "#" * 16), ("a\nb", "a?b")]
)
def test_names_are_shown_without_what_may_be_a_number(name: str, shown: str) -> None:
    assert tame(name) == shown


def test_p6_a_nul_in_an_unknown_field_reaches_no_message(
    ledger: Ledger, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Values of unknown fields are tried on the columns that are missing; a NUL once ended that statement half way."""
    source = source_of({"id": {}, "n": {"type": "integer"}}, ["id"])
    rows = [{"id": str(at), "jumlah": f"640201120385000{at} Siti Contohwan\0x"} for at in range(3)]
    outcome = pull_pages(source, [page_of(rows)], ledger, settings)
    assert outcome.batches[0].status == "held"
    assert "Contohwan" not in f"{outcome} {ledger.batches(source.id)} {capsys.readouterr()}"


LONG = "1234567890123.4567"


@pytest.mark.parametrize("places", [[0], [0, 1], [1, 0]], ids=["once", "then clean", "clean before"])
@pytest.mark.parametrize("kind", [{}, {"locale": "id"}], ids=["no locale", "locale"])
def test_a_number_of_many_digits_does_not_make_text_of_the_others(
    ledger: Ledger, settings: Settings, kind: dict[str, str], places: list[int]
) -> None:
    """A page that holds one is rewritten with all its numbers as texts: what JSON said of them counts all the same."""
    of = source(columns={"id": {}, "nilai": {"type": "decimal(30,6)", **kind}})
    numbers = ", ".join(f'{{"id": "r{nth}", "nilai": {nth}.25}}' for nth in range(10))
    bodies = [f'[{numbers}, {{"id": "r10", "nilai": {LONG}}}]', f'[{numbers}, {{"id": "r10", "nilai": 1.5}}]']
    for place in places:
        batch = pull_pages(of, [page_of(bodies[place].encode())], ledger, settings).batches[0]
        assert (batch.status, list(batch.reasons), list(batch.findings)) == ("accepted", [], [])


def test_text_where_numbers_came_is_still_told_beside_a_number_of_many_digits(
    ledger: Ledger, settings: Settings
) -> None:
    of = source(columns={"id": {}, "nilai": {"type": "decimal(30,6)", "locale": "id"}, "besar": {}})
    numbers = ", ".join(f'{{"id": "r{nth}", "nilai": {nth}.25, "besar": "x"}}' for nth in range(10))
    texts = ", ".join(f'{{"id": "r{nth}", "nilai": "{nth},25", "besar": {LONG}}}' for nth in range(10))
    pull_pages(of, [page_of(f"[{numbers}]".encode())], ledger, settings)
    batch = pull_pages(of, [page_of(f"[{texts}]".encode())], ledger, settings).batches[0]
    assert [reason["code"] for reason in batch.reasons] == ["drift_retyped"]


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "r0", "nilai": 1, "kelas": "A", "Siti": 1, "budi_contohwan": {"n": 2}, "SITI": None}],
        [row(nth) | {f"Siti{'abcdefghij'[nth]}": 1} for nth in range(10)],
        [row(nth) | {"Siti" + "abcdefghijklmnopqrstuvwxyz"[at]: 1 for at in range(26)} for nth in range(10)],
    ],
    ids=["one record", "another one in each record", "very many in each record"],
)
def test_p6_a_persons_name_as_a_field_is_in_no_finding(pull: Pull, rows: list[Row]) -> None:
    outcome = pull(source({"added": "warn"}), rows)
    observed, do = told(outcome.findings, "drift_added")
    assert "what it names is not shown" in observed
    for word in ("siti", "budi", "contohwan"):
        assert word not in f"{observed} {do} {outcome}".lower()


def test_a_field_of_known_words_is_named_though_it_stands_in_few_records(pull: Pull) -> None:
    rows = [row(nth) | ({"keterangan": "x"} if nth == 3 else {}) for nth in range(10)]
    observed, _ = told(pull(source({"added": "warn"}), rows).findings, "drift_added")
    assert observed.startswith("keterangan (in few records")
