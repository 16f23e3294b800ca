"""OSS-RBA: envelopes, codes as number or text, an object on success and a list on failure."""

from typing import Any

import pytest

from ledger.errors import SourceError

ARGS = {"method": "inqueryProyek", "request": {"kd_daerah": "{kd}", "tahun": "{tahun}"}}
CONTEXT = [{"kd": "6402", "tahun": "2024"}]


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def envelope(kode: Any, data: Any, key: str = "responinqueryProyek") -> dict[str, Any]:
    return {key: {"kode": kode, "keterangan": "Data Proyek tidak ditemukan", "dataProyek": data}}


def test_the_method_is_posted_in_its_envelope(pull, reply, rows_of) -> None:
    answer = envelope("200", {"data_proyek": [{"id_proyek": "1"}]}, "responInqueryNIB")
    run = pull("oss", ARGS, [reply(answer)], CONTEXT)
    [page] = run.pages()
    [request] = run.asked
    assert (request.method, request.url) == ("POST", "https://opd.example/base/inqueryProyek")
    assert request.json == {"INQUERYPROYEK": {"kd_daerah": "6402", "tahun": "2024"}}
    assert request.credentials["user_key"] == "kunci-rahasia"
    assert request.credentials["Authorization"].startswith("Basic ")
    assert page.records_path == "$.responInqueryNIB.dataProyek.data_proyek"
    assert rows_of([page]) == [{"id_proyek": "1"}]


def test_p8_not_found_is_a_page_without_records(pull, reply) -> None:
    [page] = pull("oss", ARGS, [reply(envelope(400, []))], CONTEXT).pages()
    assert (page.records, page.records_path) == (b"[]", "$")


def test_the_same_rows_for_another_year_are_damage(pull, reply) -> None:
    answer = envelope(200, {"data_proyek": [{"id_proyek": "1"}]})
    contexts = [{"kd": "6402", "tahun": "2023"}, {"kd": "6402", "tahun": "2024"}]
    assert failure(pull("oss", ARGS, lambda request: reply(answer), contexts)).kind == "damaged"
