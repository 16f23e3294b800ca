"""What a field report claimed, held against the figure that its authority published."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from tests.pilar.evaluation.found import found
from tests.real.evaluated import code, evaluated

pytestmark = pytest.mark.real


def test_a_claimed_band_of_poverty_is_refuted_by_the_published_list(real_data: Path, tmp_path: Path) -> None:
    [table] = (real_data / "poverty_514_kabkota_2021").glob("*.csv")
    with table.open(encoding="utf-8-sig", newline="") as file:
        share = next(row[2] for row in csv.reader(file, delimiter=";") if row[1] == "Kutai Kartanegara")
    kukar = code("Kab. Kutai Kartanegara")
    figure = {"region_code": kukar, "period": "2021", "indicator": "eco_poverty_p0", "publisher": "BPS",
              "value": Decimal(share.replace(",", "."))}  # fmt: skip
    claim = {"region_code": kukar, "year": 2023, "instrument": "smart-city-2023", "code": "outcome/12", "role": "opd",
             "value": "0%-5%"}  # fmt: skip
    path = evaluated(tmp_path / "e.duckdb", "economy", {"published_figure": [figure], "answer": [claim]}, [kukar])
    told = found(path, "rule", "severity", "published", "recomputed", "against")
    assert told == [("claim_contradicted", "contradiction", "0%-5%", "7.99", "BPS 2021")]
