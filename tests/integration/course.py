"""What a course of an evaluation needs: what agencies send, their sources, and the command line."""

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml
from openpyxl import load_workbook

from ledger.settings import sources_dir as shipped
from pilar import cli
from pilar.answers.workbook import COLUMNS, HEADER_ROW
from publication import pointer
from publication.tables import DUCKDB_FILE

FIRST = HEADER_ROW + 1
WINDOW = {"min": "2026-10-01", "max": "2026-11-15"}
IN_TIME, LATER, LATE = "2026-11-01", "2026-11-05", "2026-11-16"

_ROLES = ("external", "interview", "final")
ANSWER = {
    "columns": {
        "kode_daerah": {"required": True, "pattern": r"^\d{2}\.\d{2}$"},
        "instrumen": {"required": True},
        "kode": {"required": True},
        "peran": {"required": True, "values": [*_ROLES]},
        "no_asesor": {"required": True},
        "jawaban": {"required": True},
    },
    "key": ["kode_daerah", "tahun", "instrumen", "kode", "peran", "no_asesor"],
    "record": "answer",
    "provides": {
        "region_code": "kode_daerah",
        "year": "tahun",
        "instrument": "instrumen",
        "code": "kode",
        "role": {"from": "peran", "codes": {role: role for role in _ROLES}},
        "assessor": "no_asesor",
        "value": "jawaban",
    },
}
FIGURE = {
    "columns": {
        "kode_daerah": {"required": True, "pattern": r"^\d{2}\.\d{2}$"},
        "indikator": {"required": True},
        "penerbit": {"required": True},
        "nilai": {"type": "decimal(8,2)", "required": True},
    },
    "key": ["kode_daerah", "indikator"],
    "record": "published_figure",
    "provides": {
        "region_code": "kode_daerah",
        "period": "_coverage",
        "indicator": "indikator",
        "publisher": "penerbit",
        "value": "nilai",
    },
}
_CODES = {
    "state": ("keadaan", ("missing", "draft", "submitted", "revision", "accepted")),
    "kind": ("jenis", ("pdf", "document", "workbook", "slides", "image", "video", "archive", "text", "other")),
    "signed": ("tanda_tangan", ("unsigned", "signed", "altered")),
}
EVIDENCE = {
    "columns": {
        "kode_daerah": {"context": "kode_daerah", "pattern": r"^\d{2}\.\d{2}$"},
        "tahun": {"type": "integer", "required": True},
        **{name: {"required": True} for name in ("nomor_bukti", "instrumen", "kode")},
        **{name: {"type": "integer"} for name in ("tingkat", "halaman", "ukuran")},
        **{name: {} for name in ("opd", "sidik", "penanda_tangan")},
        "keadaan": {"required": True, "values": [*_CODES["state"][1]]},
        "jenis": {"values": [*_CODES["kind"][1]]},
        "tanda_tangan": {"values": [*_CODES["signed"][1]], "personal": {"keep": "it says whether, never who"}},
        **{name: {"type": "date"} for name in ("tanggal", "berlaku_dari", "berlaku_sampai")},
    },
    "key": ["kode_daerah", "tahun", "instrumen", "kode", "nomor_bukti"],
    "record": "evidence",
    "provides": {
        "region_code": "kode_daerah",
        "year": "tahun",
        "instrument": "instrumen",
        "code": "kode",
        "evidence_id": "nomor_bukti",
        "level": "tingkat",
        "opd": "opd",
        "dated": "tanggal",
        "content_sha256": "sidik",
        "pages": "halaman",
        "bytes": "ukuran",
        "signed_by": "penanda_tangan",
        "valid_from": "berlaku_dari",
        "valid_to": "berlaku_sampai",
        **{ours: {"from": own, "codes": {code: code for code in codes}} for ours, (own, codes) in _CODES.items()},
    },
}


def source(id_: str, protocol: str, shape: Mapping[str, Any], **more: object) -> Mapping[str, object]:
    """A source file as short as one can be."""
    return {
        "id": id_, "title": id_, "system": "Kiriman", "protocol": protocol, "connection": "kiriman",
        "coverage": {"from": "tahun", "grain": "year"},
        "contract": {"key": shape["key"], "columns": shape["columns"]},
        "provides": [{"record": shape["record"], "columns": shape["provides"]}],
        "assertions": {"rows": {"min": 1, "max": 99}, "quarantine": {"max": "50%"}, "shrink": {"max": "50%"}},
        "freshness": {"due": "end of June", "warn": "30d", "fail": "120d"}, "events": {"fallback": "0 5 * * *"},
        "caveats": ["Made by a test."], "runbook": "Ask the agency for its file once more.",
        **more,
    }  # fmt: skip


def of_files(id_: str, shape: Mapping[str, Any]) -> Mapping[str, object]:
    """A source of one CSV file a year."""
    year = {"tahun": {"type": "integer", "context": "tahun"}} if "tahun" in shape["key"] else {}
    own = {**shape, "columns": {**year, **shape["columns"]}}
    return source(id_, "files.csv", own, args={"pattern": rf"{id_}_(?P<tahun>\d{{4}})\.csv"})


def of_workbooks(opd: str, instrument: str, year: int) -> Mapping[str, Any]:
    """The shipped source of returned workbooks, for another agency or instrument and with the window of its stage."""
    made = yaml.safe_load((shipped() / "dinas_kesehatan" / "dinkes_jawaban.yaml").read_text(encoding="utf-8"))
    made["id"] = f"{opd}_{instrument.partition('-')[0]}"
    made["connection"] = "kiriman"
    names = r"(?P<kode_daerah>\d{2}\.\d{2})_(?P<tahun>\d{4})_tahap(?P<tahap>[12])"
    made["args"]["pattern"] = rf"jawaban_{opd}_(?P<instrumen>{instrument})_{names}\.xlsx"
    made["for_each"] = [{"kode_daerah": "{region}", "tahun": str(year), "tahap": "1", "opd": opd}]
    made["contract"]["answers"] = {"opd": opd, "instruments": [instrument]}
    made["contract"]["columns"]["dikirim"] |= WINDOW
    made["events"].pop("secret")
    return made  # type: ignore[no-any-return]


Became = tuple[str, int, int]
"""Of a batch: its state, rows that landed, rows that were refused."""


@dataclass(frozen=True)
class Town:
    """An installation with its people: what they send, and what they type."""

    home: Path
    sources: Path
    letters: Path
    read: Callable[[], str]

    def typed(self, *words: str, ends: int = 0) -> str:
        """What a command prints; it ends with the code that is said."""
        self.read()
        assert (cli.app(list(words), standalone_mode=False) or 0) == ends, (words, self.read())
        return self.read()

    def told(self, *words: str, ends: int = 0) -> Any:
        """The same as data."""
        return json.loads(self.typed(*words, "--json", ends=ends))

    def write_source(self, opd: str, made: Mapping[str, object]) -> None:
        path = self.sources / opd / f"{made['id']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(made), encoding="utf-8")

    def deliver(self, id_: str, shape: Mapping[str, Any], year: int, *rows: Sequence[str]) -> None:
        """A CSV file is there, or is another one, and is accepted."""
        with (self.letters / f"{id_}_{year}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([list(shape["columns"]), *rows])
        assert {status for status, _, _ in self.pull_all(id_)[id_]} == {"accepted"}

    @property
    def evaluates_by_itself(self) -> bool:
        """Whether what is accepted is evaluated without being asked."""
        return False

    def pull_all(self, *ids: str) -> dict[str, list[Became]]:
        """What became of the batches of each source."""
        return {id_: self.pull(id_) for id_ in ids}

    def pull(self, id_: str) -> list[Became]:
        """What became of the batches of a source."""
        code = cli.app(["pull", id_, "--json"], standalone_mode=False) or 0
        told = json.loads(self.read())["batches"]
        assert code == (4 if {one["status"] for one in told} == {"rejected"} else 0)
        return [(one["status"], one["rows_landed"], one["rows_quarantined"]) for one in told]

    def evaluate(self) -> None:
        """Have published what is in force."""
        self.typed("evaluate", "--force")

    def fill(self, asked: Path, answers: Mapping[str, object], *, day: str = IN_TIME, name: str = "") -> Path:
        """Fill a workbook in, and put it into the drop as of a day. Returns where it lies."""
        book = load_workbook(asked)
        sheet = book["Jawaban"]
        for row in range(FIRST, sheet.max_row + 1):
            sheet[f"{letter('Jawaban')}{row}"] = answers.get(sheet[f"{letter('Kode')}{row}"].value)
        path = self.letters / (name or asked.name)
        book.save(path)
        at = datetime.fromisoformat(f"{day}T03:00").replace(tzinfo=UTC).timestamp()
        os.utime(path, (at, at))
        return path

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What readers see: rows of the current publication."""
        file = pointer.resolve(self.home / "published") / DUCKDB_FILE
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()


def letter(column: str) -> str:
    """Where a column stands in a workbook."""
    return chr(ord("A") + list(COLUMNS).index(column))
