"""P7: from a published score down to the bytes that an agency's system sent, for every source."""

import json
import re
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from connectors.kept.trace import Traced, kept_bytes, trace
from connectors.source.source_files import load_source, source_files
from ledger.keys import Keys
from ledger.records import Batch
from ledger.settings import sources_dir
from ledger.sql import literal
from pilar.audit.verification import Holdings, Scope, verify
from pilar.cli import app
from tests.agencies import PLAYED
from tests.integration.conftest import Installation

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

EVIDENCE = """select distinct batch_id, source_id, coverage, receipt_sha256 from meta.evidence
where value is not null and batch_id is not null order by all"""

# What of a landed row stands word for word in what was sent. A child's own values are cells of a packed sheet.
WORDS = {
    "bpbd_desa_rawan": "kode_desa",
    "bpbd_kejadian": "nomor",
    "bpkad_realisasi": "kode_rekening",
    "bps_indikator": "nilai",
    "dinkes_limbah_medis": "kode_faskes",
    "dinkes_persalinan": "encounter_id",
    "disdik_peserta_didik": "tanggal_lahir",
    "disdik_rekap_sekolah": "npsn",
    "disdik_sekolah": "npsn",
    "perkim_sanitasi": "akses_sanitasi",
    "diskominfo_aplikasi": "id_app",
    "diskominfo_jawaban": "instrumen",
    "diskominfo_penilaian": "dimensi",
    "diskominfo_spbe": "kode_daerah",
    "diskominfo_surat": "no_agenda",
    "dlh_fasilitas": "nama",
    "dlh_plastik": "no_inspeksi",
    "dlh_sipsn": "kabupaten_kota",
    "dpmptsp_izin": "id_izin",
    "dpmptsp_proyek": "id_proyek",
    "rsud_antrean": "kodebooking",
    "rsud_waktu_tunggu": "kode_booking",
    "setda_penetapan": "jenis",
    "setda_skm": "unit_layanan",
}


def rows_of(installation: Installation, batch: Batch) -> list[dict[str, Any]]:
    path = installation.settings.home / str(batch.landed_path)
    found = duckdb.execute(f"select * from read_parquet({literal(str(path))}) order by _row")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def traced(installation: Installation, batch: Batch, row: int) -> tuple[Traced, bytes]:
    paths = {path.stem: path for path in source_files(sources_dir())}
    found = trace(load_source(paths[batch.source_id]), batch, row, installation.ledger, installation.settings)
    body = kept_bytes(found.page, installation.settings, Keys.load(installation.settings.key_dir))
    assert found.span is not None
    return found, body[found.span.start : found.span.end]


@pytest.mark.parametrize("source_id", sorted(PLAYED))
def test_p7_a_landed_row_is_found_in_the_bytes_that_came(installation: Installation, source_id: str) -> None:
    batch = installation.ledger.in_force(source_id)[-1]
    rows = rows_of(installation, batch)
    for row in (rows[0], rows[len(rows) // 2], rows[-1]):
        found, record = traced(installation, batch, row["_row"])
        assert found.page.seq == row["_page"]
        assert not found.refused
        if source_id in WORDS:
            value = str(row[WORDS[source_id]])
            digits = value.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", value) else value
            assert digits in record.decode(), (source_id, row["_row"])
        else:
            assert found.span is not None
            assert re.match(r"row \d+ of the sheet in xl/worksheets/", found.span.location)
    numbers = [row["_row"] for row in rows]
    assert len(set(numbers)) == len(numbers)


def test_p7_a_refused_row_is_found_too(installation: Installation) -> None:
    batch = next(b for b in installation.ledger.in_force("perkim_sanitasi") if b.rows_quarantined)
    path = installation.settings.home / str(batch.landed_path)
    rows = duckdb.sql(f"from read_parquet({literal(str(path.with_name('quarantine.parquet')))})").fetchall()
    for row in rows:
        found, record = traced(installation, batch, row[1])
        assert found.refused
        assert b'"akses_sanitasi":"cemplung?"' in record


def test_p7_from_every_published_score_to_bytes(installation: Installation) -> None:
    """One query of the publication names the batches, one trace of a row in them gives the bytes, and all verifies."""
    marts = installation.settings.published_dir / "current" / "marts.duckdb"
    with duckdb.connect(str(marts), read_only=True) as connection:
        evidence = connection.execute(EVIDENCE).fetchall()
        pages = set(connection.execute("select batch_id, page, page_sha256 from meta.evidence").fetchall())
        head = connection.execute("select chain_receipt, chain_sha256 from meta.publication").fetchone()
    assert len({source for _, source, _, _ in evidence}) >= 8
    receipts = {receipt.sha256: receipt for receipt in installation.ledger.receipts()}
    assert head is not None
    assert receipts[head[1]].seq == head[0]
    for batch_id, _, _, receipt in evidence:
        assert json.loads(receipts[receipt].body)["batch_id"] == batch_id
        batch = installation.ledger.batch(batch_id)
        assert batch is not None
        found, record = traced(installation, batch, rows_of(installation, batch)[0]["_row"])
        assert (batch_id, found.page.seq, found.page.sha256) in pages
        assert record
    place = Holdings(installation.settings.home, installation.settings.key_dir, installation.ledger)
    checked = {line.what: line for line in verify(installation.ledger.witnesses, place, Scope(pages=True))}
    assert {what: str(line.damage) for what, line in checked.items() if line.damage} == {}
    assert checked["publications"].count >= 1
    assert checked["marts in force"].count == 6


def test_p7_a_chain_that_was_cut_is_noticed_by_what_was_published(installation: Installation) -> None:
    place = Holdings(installation.settings.home, installation.settings.key_dir, installation.ledger)

    def cut() -> Any:
        return list(installation.ledger.witnesses())[:3]

    told = [str(line.damage) for line in verify(cut, place, Scope()) if line.damage]
    assert any("the chain was cut: it ends at receipt 3, and publication" in line for line in told), told


def test_p7_the_command_shows_request_page_and_bytes_and_no_person(installation: Installation) -> None:
    run = CliRunner().invoke
    told = run(app, ["trace", "disdik_peserta_didik", "700", "--show"])
    assert told.exit_code == 0, told.output
    for word in ("GET http://127.0.0.1", "getPesertaDidik", "sha256", "landed", "tingkat_pendidikan_id"):
        assert word in told.output
    assert re.search(r"bytes +\d+ to \d+ of \d+", told.output)
    assert not re.search(r"99(?:6402|6202|3507)\d{10}|Contohwan|Rekayasa|Samarinto|Simulasa|Bayangan", told.output)
    by_key = run(app, ["trace", "diskominfo_spbe", "kode_daerah=64.02", "--coverage", "2023", "--show"])
    assert by_key.exit_code == 0, by_key.output
    assert '"kode_daerah":"64.02"' in by_key.output
    waste = run(app, ["trace", "dlh_sipsn", "0", "--show"])
    assert waste.exit_code == 0, waste.output
    assert re.search(r'"timbulan":"[0-9.,]+"', waste.output)
    assert "***" not in waste.output
    for wrong in (["nobody", "1"], ["disdik_peserta_didik", "999999"], ["disdik_sekolah", "npsn"]):
        assert run(app, ["trace", *wrong]).exit_code != 0
