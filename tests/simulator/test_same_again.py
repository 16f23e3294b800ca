"""Two builds give equal bytes, in one process and in two."""

import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

from simulator.data import (
    answers,
    applications,
    births,
    budget,
    disasters,
    facilities,
    health_profile,
    households,
    investment_reports,
    letters,
    licence_history,
    licences,
    medical_waste,
    plastic,
    programmes,
    projects,
    queues,
    results,
    roads,
    satisfaction,
    schools,
    stunting,
    waste,
)
from simulator.regions import REGIONS
from simulator.workbooks import render
from simulator.xlsx import Cell, workbook


def digest() -> str:
    """One hash over everything the systems hold."""
    rows = [
        [budget.lra(region, 2023) for region in REGIONS],
        [births.encounters(region) for region in REGIONS],
        [projects.projects(region, 2024) for region in REGIONS],
        [schools.pupils(school.npsn) for school in schools.schools()],
        [schools.school_row(school) for school in schools.schools()],
        schools.recapitulation(),
        waste.rows("2024"),
        facilities.rows("banksampah", "2024"),
        [disasters.events(2024), disasters.villages(2024)],
        plastic.inspections(),
        list(households.households())[::97],
        [licences.issued(), licences.in_process()],
        [programmes.sheet(region, 2024) for region in REGIONS],
        [investment_reports.sheet(region, 2024) for region in REGIONS],
        [satisfaction.forms(region) for region in REGIONS],
        [results.lines(), licence_history.statuses(), list(letters.letters()), applications.inventory(2024)],
        [answers.answers(year) for year in (2023, 2025, 2026)],
        [queues.bookings(date(2024, 8, 5)), queues.waits(date(2024, 8, 5))],
        [health_profile.sheet(), *(roads.sheet(region, year) for region, year in roads.SURVEYS)],
        [rows(region) for region in REGIONS for rows in (stunting.sheet, medical_waste.rows, queues.visits)],
    ]
    found = hashlib.sha256(json.dumps(rows, default=str).encode())
    for region in REGIONS:
        found.update(render(region, "2024-08"))
    return found.hexdigest()


def test_another_process_builds_the_same_bytes() -> None:
    program = f"import runpy; print(runpy.run_path({str(Path(__file__))!r})['digest']())"
    root = Path(__file__).resolve().parents[2]
    other = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={"PYTHONHASHSEED": "4711", "PYTHONPATH": str(root)},
    )
    assert other.stdout.strip() == digest()


def test_a_workbook_depends_on_its_rows_alone() -> None:
    rows: list[list[Cell]] = [["a", "b"], ["<1 & 2>", 3]]
    assert workbook(rows) == workbook(rows)
    assert workbook(rows) != workbook([rows[0], ["<1 & 2>", 4]])
