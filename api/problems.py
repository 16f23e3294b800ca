"""What is said when a request is not answered: RFC 9457, in words of our own, with what to do next."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:pilar:problem:"


class ProblemError(Exception):
    """A request that gets no answer.

    ``kind`` names the sort of problem for programs. ``detail`` and ``do`` are for people, and quote nothing of the
    machine. ``errors`` are pairs of a parameter and what is wrong with it.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        do: str = "",
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.do = do
        self.errors = errors
        self.headers = dict(headers or {})

    @property
    def body(self) -> bytes:
        """The document."""
        document: dict[str, Any] = {
            "type": TYPE + self.kind,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.do:
            document["do"] = self.do
        if self.errors:
            document["errors"] = [{"parameter": name, "detail": what} for name, what in self.errors]
        return msgspec.json.encode(document)

    def response(self) -> Response:
        """The answer that says it."""
        return Response(self.body, self.status, self.headers, MEDIA_TYPE)


def not_found() -> ProblemError:
    """There is nothing at this address. It does not say whether there is something for others."""
    return ProblemError(404, "not-found", "there is nothing at this address", "See /v1/openapi.json for what there is")


def wrong_parameters(errors: Sequence[tuple[str, str]]) -> ProblemError:
    """Parameters that cannot be read: each with what is wrong."""
    return ProblemError(
        422,
        "wrong-parameters",
        f"{len(errors)} parameter(s) cannot be read",
        "See /v1/openapi.json for the parameters of this address",
        errors=errors,
    )


def needs_key(detail: str) -> ProblemError:
    """What is asked for is not public."""
    return ProblemError(
        401,
        "needs-key",
        detail,
        "Send a key: `Authorization: Bearer ...`; whoever runs this installation makes it with `pilar api keys new`",
        headers={"WWW-Authenticate": 'Bearer realm="pilar"'},
    )
