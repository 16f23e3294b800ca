"""SATUSEHAT: tokens that end, Bundles that lead on, outcomes that refuse."""

from typing import Any

import pytest

from ledger.errors import SourceError

ARGS = {"resource": "Encounter", "params": {"date": ["ge{tahun}-01-01", "le{tahun}-12-31"]}, "count": 2}
CONTEXT = [{"tahun": "2024"}]
TOKEN = {"token_type": "BearerToken", "access_token": "token-kesatu", "expires_in": "3599"}


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def bundle(ids: list[str], total: int, following: str = "") -> dict[str, Any]:
    entry = [{"fullUrl": "x", "resource": {"resourceType": "Encounter", "id": name}} for name in ids]
    links = [{"relation": "self", "url": "x"}]
    links += [{"relation": "next", "url": following}] if following else []
    return {"resourceType": "Bundle", "type": "searchset", "total": total, "entry": entry, "link": links}


def test_a_token_then_bundles_until_no_link_leads_on(pull, reply, rows_of) -> None:
    answers = [
        reply(TOKEN),
        reply(bundle(["a", "b"], 3, "https://opd.example/base/fhir-r4/v1/Encounter?_page=2")),
        reply(bundle(["c"], 3)),
    ]
    run = pull("satusehat", ARGS, answers, CONTEXT)
    pages = run.pages()
    assert [row["id"] for row in rows_of(pages)] == ["a", "b", "c"]
    assert {page.records_path for page in pages} == {"$.entry[*].resource"}
    token, first, second = run.asked
    assert token.form == {"client_id": "dinas", "client_secret": "kunci-rahasia"}
    assert first.credentials == {"Authorization": "Bearer token-kesatu"}
    assert first.params == {"_count": "2", "date": ["ge2024-01-01", "le2024-12-31"]}
    assert second.url.endswith("?_page=2")
    assert second.params == {}
    assert run.http.redactor.text("x token-kesatu") == "x ***"


def test_a_token_that_ends_early_is_renewed_once(pull, reply) -> None:
    denied = reply({"resourceType": "OperationOutcome", "issue": [{"code": "expired"}]}, 401)
    answers = [
        reply(TOKEN),
        denied,
        reply(TOKEN | {"access_token": "token-kedua"}),
        reply(bundle(["a"], 1)),
    ]
    run = pull("satusehat", ARGS, answers, CONTEXT)
    assert len(run.pages()) == 1
    assert run.asked[-1].credentials == {"Authorization": "Bearer token-kedua"}
    answers = [reply(TOKEN), denied, reply(TOKEN), denied]
    assert failure(pull("satusehat", ARGS, answers, CONTEXT)).kind == "auth"


@pytest.mark.parametrize(
    ("expires_in", "asked_again"),
    [("3599", False), (3599, False), ("1", True), ("soon", True), (None, True), (-5, True)],
)
def test_expires_in_is_a_number_or_text_and_is_believed_within_reason(expires_in, asked_again) -> None:
    from connectors.protocols.satusehat import life_of

    assert life_of({"expires_in": expires_in}) == (30.0 if asked_again else 3539.0)


def test_a_token_is_renewed_when_its_time_is_over(pull, reply, monkeypatch) -> None:
    from connectors.protocols.satusehat import Satusehat

    now = iter([0.0, 4000.0, 4000.0])
    monkeypatch.setattr(Satusehat, "clock", staticmethod(lambda: next(now)))
    answers = [
        reply(TOKEN),
        reply(bundle(["a"], 2, "https://opd.example/base/fhir-r4/v1/Encounter?_page=2")),
        reply(TOKEN | {"access_token": "token-kedua"}),
        reply(bundle(["b"], 2)),
    ]
    run = pull("satusehat", ARGS, answers, CONTEXT)
    assert len(run.pages()) == 2
    assert run.asked[-1].credentials == {"Authorization": "Bearer token-kedua"}


def test_what_rides_along_in_a_bundle_is_not_counted_as_a_match(pull, reply, rows_of) -> None:
    found = bundle(["a"], 1)
    found["entry"][0]["search"] = {"mode": "match"}
    found["entry"][0]["resource"]["nilai"] = 12345678901234567.25
    found["entry"].append({"resource": {"resourceType": "Patient", "id": "p"}, "search": {"mode": "include"}})
    [page] = pull("satusehat", ARGS, [reply(TOKEN), reply(found)], CONTEXT).pages()
    assert [row["id"] for row in rows_of([page])] == ["a"]


def outcome(severity: str, code: str, words: str, **search: Any) -> dict[str, Any]:
    issue = [{"severity": severity, "code": code, "diagnostics": words}]
    return {"resource": {"resourceType": "OperationOutcome", "id": "w1", "issue": issue}, **search}


@pytest.mark.parametrize("search", [{}, {"search": {"mode": "match"}}, {"search": {"mode": "outcome"}}])
def test_p1_an_outcome_in_a_bundle_is_never_a_row_and_its_warning_is_told(pull, reply, rows_of, search) -> None:
    """The total leaves it out, whatever the entry says of itself."""
    first = bundle(["a", "b"], 4, "https://opd.example/base/fhir-r4/v1/Encounter?_page=2")
    last = bundle(["c", "d"], 4)
    last["entry"].append(outcome("warning", "not-supported", "parameter unknown", **search))
    last["entry"].append(outcome("information", "informational", "cache", **search))
    pages = pull("satusehat", ARGS, [reply(TOKEN), reply(first), reply(last)], CONTEXT).pages()
    assert [row["id"] for row in rows_of(pages)] == ["a", "b", "c", "d"]
    told = [[one.detail for one in page.noticed] for page in pages]
    assert told == [[], ["not-supported: parameter unknown"]]
    assert {page.announced for page in pages} == {4}


def test_p6_a_warning_names_nobody(pull, reply) -> None:
    found = bundle(["a"], 1)
    found["entry"].append(outcome("warning", "processing", "Pasien Siti Contohwan 9964020101230001 unknown"))
    [page] = pull("satusehat", ARGS, [reply(TOKEN), reply(found)], CONTEXT).pages()
    [noticed] = page.noticed
    words = noticed.detail
    assert not {"Siti", "Contohwan", "9964020101230001"} & set(words.split())
    assert "processing" in words


def test_a_bundle_of_nothing_but_a_warning_is_empty(pull, reply) -> None:
    found = {**bundle([], 0), "entry": [outcome("warning", "processing", "no match")]}
    [page] = pull("satusehat", ARGS, [reply(TOKEN), reply(found)], CONTEXT).pages()
    assert (page.records, len(page.noticed)) == (b"[]", 1)


@pytest.mark.parametrize(
    ("severity", "code", "kind"),
    [
        ("error", "incomplete", "retryable"),
        ("fatal", "exception", "retryable"),
        ("error", "not-supported", "permanent"),
    ],
)
def test_an_error_among_the_matches_is_a_failure_of_the_search(pull, reply, severity, code, kind) -> None:
    found = bundle(["a"], 1)
    found["entry"].append(outcome(severity, code, "timeout"))
    assert failure(pull("satusehat", ARGS, [reply(TOKEN), reply(found)], CONTEXT)).kind == kind


@pytest.mark.parametrize("search", [{}, {"search": {"mode": "match"}}])
def test_a_match_of_another_type_than_asked_for_is_damage(pull, reply, search) -> None:
    found = bundle(["a"], 2)
    found["entry"].append({"resource": {"resourceType": "Patient", "id": "p"}, **search})
    error = failure(pull("satusehat", ARGS, [reply(TOKEN), reply(found)], CONTEXT))
    assert (error.kind, "Encounter was asked for, and Patient came" in error.what) == ("damaged", True)


@pytest.mark.parametrize("kind", ["history", "collection", "batch-response"])
def test_a_bundle_that_is_no_answer_to_a_search_is_damage(pull, reply, kind) -> None:
    """A history gives one record several times, and an answer to a batch gives Bundles for records."""
    error = failure(pull("satusehat", ARGS, [reply(TOKEN), reply({**bundle(["a", "b"], 2), "type": kind})], CONTEXT))
    assert error.kind == "damaged"
    assert "searchset" in error.what


def test_rows_missing_against_the_total_are_damage(pull, reply) -> None:
    run = pull("satusehat", ARGS, [reply(TOKEN), reply(bundle(["a"], 9))], CONTEXT)
    assert failure(run).kind == "damaged"


def test_a_refusal_is_quoted(pull, reply) -> None:
    refused = {
        "resourceType": "OperationOutcome",
        "issue": [{"code": "value", "details": {"text": "Tanggal salah (RuleNumber: 10124)"}}],
    }
    error = failure(pull("satusehat", ARGS, [reply(TOKEN), reply(refused, 400)], CONTEXT))
    assert (error.kind, "RuleNumber: 10124" in error.what) == ("permanent", True)


def test_no_token_is_a_matter_of_access(pull, reply) -> None:
    run = pull("satusehat", ARGS, [reply({"error": "invalid_client"}, 400)], CONTEXT)
    assert failure(run).kind == "auth"
