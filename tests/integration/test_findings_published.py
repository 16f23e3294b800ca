"""Findings through publications: real batches, a real ledger, and what becomes of a finding from one to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml

from connectors.pull.course import pull
from connectors.source.source_files import load_sources
from ledger.records import FindingRow
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from pilar.evaluation import evaluate
from pilar.evaluation.publish import publish
from publication import pointer

pytestmark = pytest.mark.integration

KUKAR = "64.02"
# What each file's rows are, column by column: (type, the record's column). The period is the files' own.
FILES: Mapping[str, tuple[str, Mapping[str, tuple[str, str]], Mapping[str, object]]] = {
    "kemiskinan": (
        "published_figure",
        {"persen": ("decimal(5,2)", "value")},
        {"indicator": {"is": "eco_poverty_p0"}, "publisher": {"is": "BPS"}, "period": "_coverage"},
    ),
    "jawaban": (
        "answer",
        {"kode": ("string", "code"), "jawaban": ("string", "value")},
        {"instrument": {"is": "smart-city-2023"}, "role": {"is": "opd"}, "assessor": {"is": "0"}, "year": "tahun"},
    ),
    "anggaran": (
        "budget_line",
        {
            "rekening": ("string", "account"),
            "pagu": ("decimal(20,2)", "budget"),
            "realisasi": ("decimal(20,2)", "realised"),
            "persen": ("decimal(12,2)", "published_percentage"),
        },
        {"year": "tahun"},
    ),
}


def source_file(name: str) -> Mapping[str, object]:
    """A source of one CSV file a year: an ordinary source file, and as short as one can be."""
    record, columns, fixed = FILES[name]
    own = {column: {"type": kind, "required": True} for column, (kind, _) in columns.items()}
    return {
        "id": name, "title": name, "system": "Satu Data", "protocol": "files.csv", "connection": "satudata",
        "args": {"pattern": rf"{name}_(?P<tahun>\d{{4}})\.csv"},
        "coverage": {"from": "tahun", "grain": "year"},
        "contract": {
            "key": ["kode_daerah", *(["rekening"] if name == "anggaran" else [])],
            "columns": {
                **({"tahun": {"type": "integer", "context": "tahun"}} if "tahun" in fixed.values() else {}),
                "kode_daerah": {"required": True, "pattern": r"^\d{2}\.\d{2}$"},
                **own,
            },
        },
        "provides": [
            {
                "record": record,
                "columns": {"region_code": "kode_daerah", **fixed, **{ours: own for own, (_, ours) in columns.items()}},
            }
        ],
        "assertions": {"rows": {"min": 1, "max": 9}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}},
        "freshness": {"due": "end of June", "warn": "30d", "fail": "120d"}, "events": {"fallback": "0 5 * * *"},
        "caveats": ["Made by a test."], "runbook": "Ask the agency for its file once more.",
    }  # fmt: skip


@dataclass(frozen=True)
class House:
    """An installation that pulls the files of one folder."""

    ledger: Ledger
    settings: Settings
    folder: Path

    def deliver(self, name: str, year: int, *rows: str) -> None:
        """An agency's file is there, or is another one; pull it."""
        header = ",".join(["kode_daerah", *FILES[name][1]])
        (self.folder / f"{name}_{year}.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        outcome = pull(load_sources(self.settings.sources_dir)[name], self.ledger, self.settings)
        assert [batch.status for batch in outcome.batches] == ["accepted"], outcome

    def publish(self) -> str:
        """Evaluate and publish what is in force. Returns the evaluation's id."""
        evaluation_id = evaluate.build_candidates(self.ledger, self.settings, anyway=True)
        assert evaluation_id is not None
        evaluate.score(self.ledger, self.settings, evaluation_id)
        publish(self.ledger, self.settings, evaluation_id)
        return evaluation_id

    def findings(self, *, closed: bool = False) -> Mapping[str, FindingRow]:
        return {row.rule: row for row in self.ledger.findings(closed=closed)}

    def shown(self) -> list[tuple[object, ...]]:
        """What readers see of the findings: the rule, and since when it stands."""
        file = pointer.resolve(self.settings.published_dir) / "marts.duckdb"
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute("select rule, since from quality.findings order by all").fetchall()


@pytest.fixture
def house(ledger: Ledger, settings: Settings, tmp_path: Path) -> House:
    folder = tmp_path / "satudata"
    folder.mkdir()
    for name in FILES:
        path = tmp_path / "sources" / "bapperida" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(source_file(name)), encoding="utf-8")
    connections = {"satudata": Connection(url=folder.as_uri())}
    own = settings.model_copy(update={"sources_dir": tmp_path / "sources", "lookup": connections.get})
    return House(ledger, own, folder)


def test_p2_p3_a_finding_opens_closes_when_the_data_heal_and_opens_again(house: House) -> None:
    """What Kutai Kartanegara claimed of its poverty, 0 to 5 %, against 7.99 % (BPS, Susenas 2021)."""
    house.deliver("kemiskinan", 2021, f"{KUKAR},7.99")
    house.deliver("jawaban", 2023, f"{KUKAR},outcome/12,0%-5%")
    house.deliver("anggaran", 2023, f"{KUKAR},4.1,100.00,70.00,7.00")

    first = house.publish()
    assert set(house.findings()) == {"claim_contradicted", "published_percentage_differs"}
    opened = house.findings()["claim_contradicted"]
    assert (opened.state, opened.owner, opened.published, opened.recomputed, opened.against) == (
        "open", "bps", "0%-5%", "7.99", "BPS 2021",
    )  # fmt: skip
    assert dict(house.shown()) == {rule: row.opened_at for rule, row in house.findings().items()}

    house.deliver("jawaban", 2023, f"{KUKAR},outcome/12,6%-10%")
    second = house.publish()
    assert set(house.findings()) == {"published_percentage_differs"}
    healed = house.findings(closed=True)["claim_contradicted"]
    assert (healed.state, healed.first_seen, healed.last_seen, healed.closed_by) == ("closed", first, first, second)
    assert [rule for rule, _ in house.shown()] == ["published_percentage_differs"]

    # One file of the budget is gone: nobody can look at its lines, and its finding is not healed by that.
    [budget] = house.ledger.in_force("anggaran")
    assert budget.landed_path is not None
    landed = house.settings.home / budget.landed_path
    landed.rename(landed.with_suffix(".gone"))
    house.deliver("jawaban", 2023, f"{KUKAR},outcome/12,0%-5%")
    third = house.publish()
    again = house.findings()["claim_contradicted"]
    assert (again.finding_id, again.state, again.first_seen) == (opened.finding_id, "reopened", first)
    assert (again.last_seen, again.opened_at > opened.opened_at, again.closed_by) == (third, True, None)
    unseen = house.findings()["published_percentage_differs"]
    assert (unseen.state, unseen.last_seen) == ("open", second)
    assert house.findings(closed=True) == {}

    # It can be read again, and is mended: now the look is taken, and finds nothing.
    landed.with_suffix(".gone").rename(landed)
    house.deliver("anggaran", 2023, f"{KUKAR},4.1,100.00,70.00,70.00")
    fourth = house.publish()
    assert set(house.findings()) == {"claim_contradicted"}
    assert house.findings(closed=True)["published_percentage_differs"].closed_by == fourth
