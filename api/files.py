"""The counter at which a file is checked: who may, how large it may be, and how many at once."""

import msgspec
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.checks import Checker
from api.front import ASKED, Asked
from api.keys import Caller
from api.media import JSON
from api.problems import ProblemError, needs_key, not_found
from ledger.errors import ConfigError, SourceError

MOST_BYTES = 16 * 1024 * 1024
MOST_AT_ONCE = 2


class Counter:
    """Takes files. Nothing of them is kept, and the ledger hears nothing of them."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._busy = 0

    async def take(self, request: Request) -> Response:
        """Check the body of a request as a file of a source."""
        asked: Asked = request.scope[ASKED]
        source = request.path_params["source"]
        await run_in_threadpool(self._admit, source, asked.caller)
        if self._busy >= MOST_AT_ONCE:
            raise ProblemError(503, "busy", "other files are checked right now", headers={"Retry-After": "5"})
        self._busy += 1
        try:
            body = await _body(request)
            name = request.query_params.get("name", "")
            checked = await run_in_threadpool(self._checker.check, source, name, body)
        except SourceError as error:
            # In the contract's words; what it quotes of the file was masked.
            raise ProblemError(422, "unreadable-file", error.what, error.do) from None
        except ConfigError as error:
            raise ProblemError(422, "not-checked-here", error.what, error.do) from None
        finally:
            self._busy -= 1
        return Response(msgspec.json.encode(checked), media_type=JSON, headers={"cache-control": "no-store"})

    def _admit(self, source: str, caller: Caller) -> None:
        if not caller.scope.details:
            raise needs_key("files are checked for holders of a key")
        opd = self._checker.opd_of(source)
        if opd is None:
            raise not_found()
        if caller.scope.opds is not None and opd not in caller.scope.opds:
            raise ProblemError(403, "not-for-this-key", "this key is for files of other agencies")


async def _body(request: Request) -> bytes:
    """The body, read no further than the limit, whatever its length header says."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ProblemError(
                413, "too-large", f"the file is larger than {MOST_BYTES} bytes", headers={"Connection": "close"}
            )
    if not body:
        raise ProblemError(422, "unreadable-file", "there is no file in the request", "Send the file as its body")
    return bytes(body)
