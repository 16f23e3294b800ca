"""Who sees what: levels, scopes, keys that are rotated and revoked, rates, and what is counted of their use."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.access import PUBLIC, Scope
from api.keys import Keyring, digest, new_secret, token
from api.problems import ProblemError
from api.rates import Rates
from ledger.api_records import ApiKey
from ledger.errors import ConfigError, LedgerError
from ledger.store import Ledger
from publication.build import publish
from publication.levels import details_of
from publication.pointer import swap
from tests.api.conftest import NoLedger, Shelf, bearer, desk, key, serving
from tests.publication.sample_meta import CREATED, sample_meta

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


@pytest.fixture
def address(shelf: Shelf, ledger: Ledger) -> Iterator[str]:
    with serving(desk(shelf, ledger)) as found:
        yield found


def ids(address: str, sent: str | None = None) -> set[str]:
    answer = httpx.get(f"{address}/v1/publications", headers=bearer(sent) if sent else {})
    return {row["publication_id"] for row in answer.json()["rows"]}


def test_levels_see_more_publications(address: str, ledger: Ledger, shelf: Shelf) -> None:
    regency, ministry = key(ledger), key(ledger, "ministry")
    assert ids(address) == {shelf.now, shelf.before}
    assert ids(address, regency) == {shelf.now, shelf.before, shelf.oldest}
    assert ids(address, ministry) == {shelf.now, shelf.before, shelf.oldest, shelf.taken_back}
    for name, sent, status in (
        (shelf.oldest, None, 404),
        (shelf.oldest, regency, 200),
        (shelf.taken_back, None, 404),
        (shelf.taken_back, regency, 404),
        (shelf.taken_back, ministry, 200),
    ):
        for path in ("regions", "regions/35.07"):
            # Twice: what a holder of a key was given is given to nobody else.
            for _ in range(2):
                url = f"{address}/v1/publications/{name}/{path}"
                assert httpx.get(url, headers=bearer(sent) if sent else {}).status_code == status


def test_p6_what_is_withheld_by_now_is_in_no_publication_that_is_served(
    sample_file: Path, tmp_path: Path, ledger: Ledger
) -> None:
    """A publication that holds a region which the current one lacks is for nobody, whether it is older or later."""
    ids = []
    for hours, regions in ((0, None), (1, ("64.02",)), (2, ("35.07", "64.02")), (3, None)):
        meta = sample_meta().model_copy(update={"created_at": CREATED + timedelta(hours=hours), "regions": regions})
        ids.append(publish(sample_file, meta, tmp_path).id)
    everything, before, now, later = ids
    swap(tmp_path, now)
    ministry = bearer(key(ledger, "ministry"))
    with serving(desk(Shelf(tmp_path, tmp_path, *ids), ledger)) as address, httpx.Client(base_url=address) as client:
        for name, status in ((everything, 404), (before, 200), (now, 200), (later, 404)):
            for path in ("regions", "regions/64.02", "values?format=csv", "explanations/62.02"):
                answer = client.get(f"/v1/publications/{name}/{path}", headers=ministry)
                assert answer.status_code == (404 if path == "explanations/62.02" else status), (name, path)
        assert "62.02" not in client.get("/v1/values?format=csv", headers=ministry).text
        told = client.get("/v1/publications", headers=ministry).json()["rows"]
        assert {row["publication_id"] for row in told} == {before, now}

        # What was answered while it was current is forgotten with the pointer.
        swap(tmp_path, everything)
        for _ in range(2):
            assert client.get(f"/v1/publications/{everything}/regions/62.02").status_code == 200
        swap(tmp_path, now)
        assert client.get(f"/v1/publications/{everything}/regions/62.02").status_code == 404


def findings(address: str, sent: str | None = None, **given: str) -> list[dict[str, object]]:
    answer = httpx.get(f"{address}/v1/findings", params=given, headers=bearer(sent) if sent else {})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["rows"]
    return found


def test_details_of_findings_are_for_those_whom_they_concern(address: str, ledger: Ledger) -> None:
    assert not details_of("quality.findings") & set(findings(address)[0])
    everything = findings(address, key(ledger))
    assert all(details_of("quality.findings") <= set(row) for row in everything)
    assert any(row["batch_id"] for row in everything)
    own = findings(address, key(ledger, regions=("64.02",), opds=("bpkad",)))
    shown = [row for row in own if row["batch_id"] is not None]
    assert shown
    assert {(row["region_code"], row["owner"]) for row in shown} == {("64.02", "bpkad")}
    assert len(own) == len(everything), "nobody sees fewer rows with a key than without one"


def test_what_is_hidden_cannot_be_found_out_by_asking(address: str, ledger: Ledger) -> None:
    answer = httpx.get(f"{address}/v1/findings", params={"batch_id": "b1"})
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:pilar:problem:needs-key")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    narrow = key(ledger, regions=("35.07",))
    assert findings(address, narrow, batch_id="b1") == []
    assert findings(address, key(ledger), batch_id="b1") != []
    assert findings(address, narrow, **{"row_no.null": "false"}) == []


def test_details_of_deliveries_and_of_held_pillars(address: str, ledger: Ledger) -> None:
    def rows(path: str, sent: str | None) -> list[dict[str, object]]:
        answer = httpx.get(f"{address}/v1/{path}", headers=bearer(sent) if sent else {})
        found: list[dict[str, object]] = answer.json()["rows"]
        return found

    assert "rows_received" not in rows("freshness", None)[0]
    mine = rows("freshness", key(ledger, opds=("bpkad",)))
    assert {row["opd"] for row in mine if row["rows_received"] is not None} == {"bpkad"}
    assert "held_reason" not in rows("pillars", None)[0]
    for path, pillar in (("pillars", "id"), ("scores/pillars", "pillar")):
        seen = rows(f"{path}?limit=10000", key(ledger, pillars=("branding",)))
        assert {row[pillar] for row in seen if row["held_reason"]} == {"branding"}
        assert not any(row["held_reason"] for row in rows(f"{path}?limit=10000", key(ledger, pillars=("living",))))


def test_two_secrets_are_good_while_a_key_is_rotated(address: str, ledger: Ledger) -> None:
    first = key(ledger)
    key_id = first.split("_")[1]
    tokens = [first]
    for days in (7, 7):
        secret, sha256 = new_secret()
        ledger.rotate_api_key(key_id, sha256, timedelta(days=days))
        tokens.append(token(key_id, secret))
    found = ledger.api_key(key_id)
    assert found is not None
    assert len(found.secrets) == 2
    good = [httpx.get(f"{address}/v1/regions", headers=bearer(sent)).status_code for sent in tokens]
    assert good == [401, 200, 200]
    secret, sha256 = new_secret()
    ledger.rotate_api_key(key_id, sha256, timedelta(0))
    time.sleep(0.01)
    ring = Keyring(ledger.api_key)
    assert ring.caller(token(key_id, secret)).id == key_id
    with pytest.raises(ProblemError):
        ring.caller(tokens[2])


def test_a_revoked_key_is_good_for_nothing(ledger: Ledger) -> None:
    now = [0.0]
    ring = Keyring(ledger.api_key, clock=lambda: now[0])
    sent = key(ledger)
    key_id = ring.caller(sent).id
    ledger.revoke_api_key(key_id)
    ring.caller(sent)  # for some seconds it is still known as good
    now[0] = 10.1
    with pytest.raises(ProblemError, match="not in force"):
        ring.caller(sent)
    with pytest.raises(ConfigError, match="no key"):
        ledger.rotate_api_key(key_id, "x", timedelta(days=1))
    with pytest.raises(ConfigError, match="no key"):
        ledger.revoke_api_key("nothing")


def test_no_secret_is_kept(ledger: Ledger) -> None:
    sent = key(ledger)
    secret = sent.split("_", 2)[2]
    kept = repr(ledger.api_keys())
    assert secret not in kept
    stored = ledger.api_keys()[0].secrets[0]
    assert stored.sha256 == digest(secret)
    assert stored.sha256 not in kept, "it is not shown either"


@pytest.mark.parametrize(
    "sent",
    [
        "Bearer",
        "Bearer x",
        "Basic dXNlcjpwYXNz",
        "Bearer pilar_000000000000_" + "a" * 43,
        "Bearer pilar_000000000000_' OR 1=1 --",
        "Bearer " + "x" * 5000,
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    ],
    ids=lambda text: text[:24],
)
def test_what_is_no_key_in_force_is_refused(address: str, sent: str) -> None:
    answer = httpx.get(f"{address}/v1/regions", headers={"authorization": sent})
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:pilar:problem:key-refused")


def test_use_is_counted_by_key_and_day(shelf: Shelf, ledger: Ledger) -> None:
    made = desk(shelf, ledger)
    sent = key(ledger, "public")
    with serving(made) as address:
        for path in ("regions", "regions", "regions/35.07", "findings?batch_id=b1"):
            httpx.get(f"{address}/v1/{path}", headers=bearer(sent))
        for path in ("regions", "regions/35.07", "findings?batch_id=b1"):
            httpx.get(f"{address}/v1/{path}")
        httpx.get(f"{address}/v1/regions", headers=bearer("pilar_nothing"))
        made.audit.flush()
        httpx.get(f"{address}/v1/regions", headers=bearer(sent))
    counted = {use.key_id: (use.requests, use.refused) for use in ledger.api_use(1)}
    assert counted == {sent.split("_")[1]: (5, 1), "public": (3, 1), "unknown": (1, 1)}


@pytest.mark.fault(28)
def test_counts_wait_for_a_ledger_that_is_away(shelf: Shelf) -> None:
    recorded: list[object] = []
    away = [True]

    class Ledgerless(NoLedger):
        def record_api_use(self, counts: object) -> None:  # type: ignore[override]
            if away[0]:
                raise LedgerError("away")
            recorded.append(counts)

    made = desk(shelf, Ledgerless())
    made.audit.count("public", False)
    made.audit.flush()
    made.audit.count("public", True)
    away[0] = False
    made.audit.flush()
    assert recorded == [{"public": (2, 1)}]


def test_without_a_ledger_the_public_is_served_and_keys_are_not(shelf: Shelf) -> None:
    class Away(NoLedger):
        def api_key(self, key_id: str) -> ApiKey | None:
            raise LedgerError("the ledger cannot be reached: host=10.0.0.1")

    with serving(desk(shelf, Away())) as address:
        assert httpx.get(f"{address}/v1/regions").status_code == 200
        answer = httpx.get(f"{address}/v1/regions", headers=bearer("pilar_000000000000_" + "a" * 43))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert "10.0.0.1" not in answer.text


def test_a_key_has_its_rate_and_addresses_have_theirs(shelf: Shelf, ledger: Ledger) -> None:
    slow, quick = key(ledger, per_minute=60), key(ledger)
    with serving(desk(shelf, ledger, public_per_minute=60)) as address:

        def asked(sent: str | None, number: int) -> list[httpx.Response]:
            headers = bearer(sent) if sent else {}
            return [httpx.get(f"{address}/v1/values?offset={nth}", headers=headers) for nth in range(number)]

        for sent in (None, slow):
            answers = asked(sent, 14)
            assert [answer.status_code for answer in answers[:10]] == [200] * 10
            assert answers[-1].status_code == 429
            assert int(answers[-1].headers["retry-after"]) >= 1
            assert answers[-1].json()["type"] == "urn:pilar:problem:too-many"
        assert {answer.status_code for answer in asked(quick, 14)} == {200}
        # What is known already costs less than to refuse it.
        assert httpx.get(f"{address}/v1/regions/35.07").status_code == 200


def test_tokens_come_back_with_time() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    assert [rates.take("a", 60) for _ in range(10)] == [0.0] * 10
    assert rates.take("a", 60) == pytest.approx(1.0)
    assert rates.take("b", 60) == 0.0
    now[0] = 1.0
    assert rates.take("a", 60) == 0.0
    assert rates.take("a", 60) > 0


def test_who_may_read_which_publication() -> None:
    every = ("4", "3", "2", "1")
    seen = {
        level: [one for one in every if Scope(level).may_see(one, "3", every)]  # type: ignore[arg-type]
        for level in ("public", "regency", "ministry")
    }
    assert seen == {"public": ["3", "2"], "regency": ["3", "2", "1"], "ministry": ["4", "3", "2", "1"]}
    assert not PUBLIC.may_see("4", None, every)
    with pytest.raises(ValueError, match="no level"):
        Scope("admin")  # type: ignore[arg-type]
