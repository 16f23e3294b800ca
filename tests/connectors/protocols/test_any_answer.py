"""Whatever JSON a system answers, a pull ends in pages or in an error that a person can read: never in a crash."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import PilarError

ROWS = {"path": "/a", "records": "$.data"}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "rest-page": ("rest", ROWS | {"paging": {"mode": "page", "pages": "$.meta.pages", "total_at": "$.total"}}),
    "rest-cursor": ("rest", ROWS | {"paging": {"mode": "cursor", "next_at": "$.next"}}),
    "rest-next": ("rest", ROWS | {"paging": {"mode": "next_url", "next_at": "$.next"}}),
    "sipd": ("sipd", {"path": "/a"}),
    "dapodik": ("dapodik", {"method": "getSekolah", "npsn": "1", "semester_id": "20241"}),
    "satusehat": ("satusehat", {"resource": "Encounter"}),
    "bpjs": ("bpjs", {"path": "a", "records": "$.data"}),
    "sicantik": ("sicantik", {"method": "listpermohonanterbit"}),
    "bps": ("bps", {"domain": "6400", "var": [1], "tahun": [2020]}),
    "sipsn": ("sipsn", {"columns": ["a"], "session": ""}),
    "sipsn-table": ("sipsn", {"columns": ["a"], "session": "", "kind": "table"}),
    "oss": ("oss", {"method": "inqueryProyek", "records": "$.data"}),
    "ckan": ("ckan", {"resource_id": "x"}),
}
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "1", "/b", "https://evil.example", "OK", "available", "<table><tr><td>a</td></tr></table>"])
)
NAMES = {
    "rest": "data meta pages total next",
    "sipd": "data message",
    "dapodik": "results start rows",
    "satusehat": "entry link total",
    "bpjs": "response",
    "sicantik": "terbit error",
    "bps": "vervar var turvar tahun turtahun datacontent",
    "sipsn": "markers table",
    "oss": "kode keterangan data",
    "ckan": "result records total success error",
}
MEMBERS = "data resource search mode relation url val label pages records total 1100"
INNER = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(MEMBERS.split()),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def shaped(protocol: str, values: dict[str, Any]) -> Any:
    """The values in the envelope of a protocol, so that its first check often passes."""
    if protocol == "satusehat":
        return {"resourceType": "Bundle", "access_token": "token-x", **values}
    if protocol == "bps":
        return {"status": "OK", "data-availability": "available", **values}
    if protocol == "bpjs":
        return {"metaData": {"code": "200"}, **values}
    if protocol == "oss":
        return {"responX": {"kode": 200, **values}}
    if protocol == "ckan":
        return {"success": True, "result": values, **values}
    return values


@pytest.mark.parametrize("run", sorted(RUNS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_pages_or_an_error_with_words(pull, reply, run: str, data: st.DataObject) -> None:
    name, args = RUNS[run]
    values = data.draw(st.dictionaries(st.sampled_from(NAMES[name].split()), INNER, max_size=6))
    made = pull(name, args | {"max_pages": 3}, lambda request: reply(shaped(name, values)))
    try:
        pages = made.pages()
    except PilarError as error:
        assert error.what  # noqa: PT017 (either outcome will do)
        return
    for page in pages:
        json.loads(page.records)
