"""Names that other systems keep: Airflow's database knows assets and DAGs by them, and dashboards by theirs."""

import pytest

from ledger.names import agency_asset, agency_name, dag_ids, ingest_dag


def test_the_names_of_an_agency_do_not_change() -> None:
    assert agency_asset("dinas_kesehatan") == "opd__dinas_kesehatan"
    assert ingest_dag("dinas_kesehatan") == "ingest__dinas_kesehatan"
    assert dag_ids(["bps"]) == {"evaluate", "watch", "maintenance", "ingest__bps"}


@pytest.mark.parametrize(("opd", "name"), [("dinas_kesehatan", "Dinas Kesehatan"), ("bpkad", "BPKAD")])
def test_an_agency_is_written_as_people_write_it(opd: str, name: str) -> None:
    assert agency_name(opd) == name
