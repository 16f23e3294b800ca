"""SiCantik: bare arrays without a total, held against a count that is asked apart."""

from typing import Any

import pytest

from connectors.protocols.sicantik import classify
from ledger.errors import SourceError

ARGS = {"method": "listpermohonanterbit", "limit": 3}


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def serve(reply: Any, rows: int, counts: Any = None) -> Any:
    """An office with so many applications issued; ``counts`` are what it says of them, one answer after the other."""
    said = iter(counts) if counts is not None else None
    data = [{"pendaftaran_id": f"{number:016}", "n_pemohon": "Siti", "no_surat": "503/1"} for number in range(rows)]

    def handler(request: Any) -> Any:
        if request.url.endswith("/jumlahPerizinan"):
            return reply({"total": rows + 5, "terbit": rows if said is None else next(said), "proses": "5"})
        at = int(request.params["offset"])
        return reply(data[at : at + int(request.params["limit"])])

    return handler


def test_a_list_is_read_to_the_number_that_is_counted(pull, reply, rows_of) -> None:
    run = pull("sicantik", ARGS, serve(reply, 7))
    pages = run.pages()
    assert len(rows_of(pages)) == 7
    assert [page.records for page in pages[:1]] == [b"[]"]  # the counts are kept as what was answered
    assert b'"terbit": 7' in pages[0].body
    assert [len(run.spans(page)) for page in pages] == [0, 3, 3, 1]
    assert [request.url.rpartition("/")[2] for request in run.asked] == [
        "jumlahPerizinan", *["listpermohonanterbit"] * 3, "jumlahPerizinan",
    ]  # fmt: skip
    assert [request.params.get("offset") for request in run.asked] == [None, "0", "3", "6", None]
    assert not any(request.credentials for request in run.asked)


def test_applications_in_process_have_a_count_of_their_own_as_text(pull, reply) -> None:
    run = pull("sicantik", {"method": "listpermohonanproses", "limit": 5}, serve(reply, 5))
    assert len(run.pages()) == 2


def test_p1_rows_missing_against_the_count_are_damage(pull, reply) -> None:
    error = failure(pull("sicantik", ARGS, serve(reply, 4, [9, 9])))
    assert (error.kind, "announces 9 rows and gives 4" in error.what) == ("damaged", True)


def test_a_list_that_changes_while_it_is_read_is_read_again_later(pull, reply) -> None:
    error = failure(pull("sicantik", ARGS, serve(reply, 4, [4, 5])))
    assert (error.kind, "from 4 to 5" in error.what) == ("retryable", True)


@pytest.mark.parametrize("counts", [None, "banyak", -1])
def test_a_count_that_is_none_is_damage(pull, reply, counts: Any) -> None:
    assert failure(pull("sicantik", ARGS, serve(reply, 4, [counts]))).kind == "damaged"


def test_an_office_that_counts_otherwise_is_read_to_an_empty_page(pull, reply, rows_of) -> None:
    run = pull("sicantik", ARGS | {"counted": False}, serve(reply, 6))
    assert len(rows_of(run.pages())) == 6
    assert [request.params["offset"] for request in run.asked] == ["0", "3", "6"]


def test_lists_of_kinds_are_asked_for_once(pull, reply, rows_of) -> None:
    run = pull("sicantik", {"method": "jenisperizinanlist"}, [reply([{"id": "1", "n_perizinan": "IZIN"}])])
    assert len(rows_of(run.pages())) == 1
    assert "offset" not in run.asked[0].params
    run = pull("sicantik", {"method": "jumlahPerizinan"}, [reply({"total": 9, "terbit": 7, "proses": 2})])
    assert rows_of(run.pages()) == [{"total": 9, "terbit": 7, "proses": 2}]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'[{"pendaftaran_id": "1"}]', "ok"),
        (200, b"[]", "empty"),
        (200, b'{"status": false, "error": "Unknown method."}', "permanent"),
        (200, b'{"status": false, "error": "Invalid API Key."}', "auth"),
        (403, b'{"status": false, "error": "Not authorized"}', "auth"),
        (200, b"<?xml version='1.0'?><xml><item/></xml>", "damaged"),
        (200, b"null", "damaged"),
        (200, b'"x"', "damaged"),
    ],
)
def test_its_answers(status: int, body: bytes, kind: str) -> None:
    assert classify(status, {}, body).kind == kind
