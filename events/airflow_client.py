"""The few words of Airflow's REST API that events need. Agencies never talk to it: permissions there are per role, not
per asset, so they talk to the door.
"""

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx

from ledger.errors import PilarError

TIMEOUT = httpx.Timeout(20.0, connect=5.0)


class AirflowError(PilarError):
    """Airflow did not take what we sent. ``unknown`` means that it has no such asset (perhaps: not yet)."""

    def __init__(self, what: str, *, where: str = "", do: str = "", unknown: bool = False) -> None:
        self.unknown = unknown
        super().__init__(what, where=where, do=do)


class AirflowClient:
    """Posts asset events. Safe to use from several threads.

    With a user name it logs in by ``POST /auth/token``, which SimpleAuthManager and the FAB auth manager both answer;
    without one it asks for the anonymous token that SimpleAuthManager gives when everybody is an administrator.
    Tokens are renewed when Airflow refuses them.
    """

    def __init__(
        self,
        base_url: str,
        *,
        username: str = "",
        password: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # Airflow is a part of this installation: no proxy and no .netrc from the environment.
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT, trust_env=False, transport=transport)
        self._login = {"username": username, "password": password} if username else None
        self._token = ""
        self._assets: dict[str, int] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "AirflowClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def post_event(self, asset: str, partition_key: str, extra: Mapping[str, Any] | None = None) -> None:
        """Post one event for an asset under a partition key; returns when Airflow has stored it.

        A plain event may be lost in a burst (Airflow below 3.4), one with a key is not.
        Raises AirflowError.
        """
        body = {"asset_id": self._asset_id(asset), "partition_key": partition_key, "extra": dict(extra or {})}
        try:
            self._call("POST", "/api/v2/assets/events", json=body)
        except AirflowError as error:
            if not error.unknown:
                raise
            # The asset was deleted and made again (a new metadata database): its number has changed.
            self._assets.pop(asset, None)
            body["asset_id"] = self._asset_id(asset)
            self._call("POST", "/api/v2/assets/events", json=body)

    def get(self, path: str, **parameters: str | int) -> Any:
        """Read from the API, for example ``get("/api/v2/monitor/health")``. Raises AirflowError."""
        return self._call("GET", path, params=parameters)

    def _asset_id(self, asset: str) -> int:
        known = self._assets.get(asset)
        if known is not None:
            return known
        # The name is a LIKE pattern there, in which "_" matches anything.
        found = self._call("GET", "/api/v2/assets", params={"name_pattern": asset, "limit": 100})
        for item in found["assets"]:
            self._assets[item["name"]] = int(item["id"])
        if asset not in self._assets:
            raise AirflowError(
                f"Airflow knows no asset {asset!r}",
                where=str(self._http.base_url),
                do="Wait until its DAG has been read; if it stays away, look for import errors in Airflow",
                unknown=True,
            )
        return self._assets[asset]

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        for last in (False, True):
            bearer = {"Authorization": f"Bearer {self._bearer(renew=last)}"}
            answer = self._send(method, path, headers=bearer, **arguments)
            if answer.status_code != 401:
                break
        return self._read(answer, path)

    def _bearer(self, *, renew: bool) -> str:
        with self._lock:
            if renew or not self._token:
                if self._login is None:
                    answer = self._send("GET", "/auth/token")
                else:
                    answer = self._send("POST", "/auth/token", json=self._login)
                self._token = str(self._read(answer, "/auth/token")["access_token"])
            return self._token

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise AirflowError(
                f"Airflow does not answer ({type(error).__name__})",
                where=str(self._http.base_url),
                do="Is its API server running?",
            ) from None

    def _read(self, answer: httpx.Response, path: str) -> Any:
        if answer.is_success:
            try:
                return answer.json()
            except ValueError:
                raise AirflowError("Airflow did not answer in JSON", where=path, do="Is this its address?") from None
        raise AirflowError(
            f"Airflow refused {path} with HTTP {answer.status_code}",
            where=str(self._http.base_url),
            do="Check the user's permissions" if answer.status_code in (401, 403) else "See the API server's log",
            unknown=answer.status_code == 404,
        )
