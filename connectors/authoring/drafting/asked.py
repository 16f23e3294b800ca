"""Getting a sample of records: from a system that answers, or from a file at hand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from connectors.landing.paths import NDJSON, parse_path
from connectors.landing.sample import Sample, records_of
from connectors.protocols.base import UNREADABLE, Page
from connectors.protocols.blanks import strip
from connectors.protocols.files.footer import TOTAL
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection
from ledger.sql import literal

PAGES = 5
_ENOUGH_BYTES = 1_000_000
_HEADER_ROWS = 10
_DELIMITERS = ";\t|"
_FEW_TOTALS = 0.1
_NUMBER = re.compile(r"(?!(19|20)\d\d$)[\d.,]+")
_MONTH = re.compile(r"(?<!\d)20\d\d-(0[1-9]|1[0-2])(?!\d)")
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


@dataclass(frozen=True)
class Asked:
    """Sampled records and how they were got. ``whole`` is whether they are all there are; ``requests`` are what the
    requests (or file names) said, one value a record.

    ``misfits`` tell of rows that do not fit the header, ``totals`` of records that begin like a total (their number
    from 1, and the word). Neither is in the sample.
    """

    protocol: str
    args: Mapping[str, Any]
    sample: Sample
    rows: int
    whole: bool
    contexts: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    connection: str = "TODO"
    requests: Mapping[str, Sequence[str]] = field(default_factory=dict)
    misfits: Sequence[str] = ()
    totals: Sequence[tuple[int, str]] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What the requests say of every record."""
        return tuple(self.requests)


def ask_system(
    protocol: str, args: Mapping[str, Any], name: str, link: Connection, contexts: Sequence[Mapping[str, str]]
) -> Asked:
    """The first pages of a system's answer. Raises ConfigError and SourceError.

    Where a CSV file has one column, another delimiter is looked for, as in a sample.
    """
    found = _ask(protocol, args, name, link, contexts)
    if protocol != "files.csv" or "delimiter" in args or len(found.sample.order) > 1:
        return found
    others = (_ask(protocol, {**args, "delimiter": sign}, name, link, contexts) for sign in _DELIMITERS)
    return next((other for other in others if len(other.sample.order) > 1), found)


def _ask(
    protocol: str, args: Mapping[str, Any], name: str, link: Connection, contexts: Sequence[Mapping[str, str]]
) -> Asked:
    pages = list(islice(_pages(protocol, args, link, contexts), PAGES + 1))
    looked_at = _few(pages[:PAGES])
    return _seen(looked_at).asked(protocol, args, looked_at == pages, contexts, name)


def ask_file(path: Path, given: Mapping[str, Any] = MappingProxyType({})) -> Asked:
    """The records of a CSV, XLSX or JSON file; ``given`` are arguments of the protocol that are known already.

    Raises ConfigError and SourceError.
    """
    if not path.is_file():
        raise ConfigError("there is no such file", where=str(path), do="Name a CSV, XLSX or JSON file")
    kind = path.suffix.lower()
    if kind == ".json":
        return _json_file(path)
    if kind not in (".csv", ".xlsx"):
        raise ConfigError(
            f"{kind or 'a file without ending'} is not read here", where=str(path), do="Use csv, xlsx, json"
        )
    link = Connection(url=path.resolve().parent.as_uri())
    misfit: SourceError | None = None
    for found in _csv_args(path) if kind == ".csv" else _xlsx_args():
        args = {**found, **given}
        # Asked for by its own name; the source file then gets the pattern, with the period as a group.
        exact = {**args, "pattern": re.escape(path.name)}
        try:
            pages = list(_pages(f"files{kind}", exact, link, ()))
        except SourceError as error:
            failure = error
            continue
        seen = _seen(pages)
        if _named(seen.sample):
            pattern, period = file_pattern(path.name)
            seen = replace(seen, requests={name: [value] * seen.rows for name, value in period.items()})
            return seen.asked(f"files{kind}", {"pattern": pattern, **args}, True)
        failure = SourceError("damaged", "no header with rows below it was found", where=str(path))
        if seen.misfits:
            what = f"the rows do not fit the header: {seen.misfits[0]}"
            misfit = misfit or SourceError("damaged", what, where=str(path), do="Say --arg header_row=N or delimiter=;")
    raise misfit or failure


def file_pattern(name: str) -> tuple[str, Mapping[str, str]]:
    """A file's name as a pattern: a month or year in it becomes the group ``bulan`` or ``tahun``."""
    for group, shape, wanted in (("bulan", _MONTH, r"\d{4}-\d{2}"), ("tahun", _YEAR, r"\d{4}")):
        found = shape.search(name)
        if found is not None:
            before, after = re.escape(name[: found.start()]), re.escape(name[found.end() :])
            return f"{before}(?P<{group}>{wanted}){after}", {group: found[0]}
    return re.escape(name), {}


def _pages(
    protocol: str, args: Mapping[str, Any], link: Connection, contexts: Sequence[Mapping[str, str]]
) -> Iterator[Page]:
    from connectors.http.client import HttpClient
    from connectors.protocols import registry

    speaks = registry.get(protocol)
    try:
        arguments = speaks.Args.model_validate(args)
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(str(part) for part in detail["loc"]) or protocol
        raise ConfigError(
            f"protocol {protocol}: {where}: {detail['msg']}", where="--arg", do="See the protocols' page"
        ) from None
    with HttpClient(link) as http:
        yield from speaks(arguments, link, contexts, http).pages()


def _few(pages: Sequence[Page]) -> list[Page]:
    """As many pages as are worth a look: a large one is enough."""
    found: list[Page] = []
    for page in pages:
        if sum(len(kept.records) for kept in found) > _ENOUGH_BYTES:
            break
        found.append(page)
    return found


@dataclass(frozen=True)
class _Seen:
    """What pages hold; as in ``Asked``."""

    sample: Sample
    rows: int
    requests: Mapping[str, Sequence[str]]
    misfits: Sequence[str]
    totals: Sequence[tuple[int, str]]

    def asked(
        self,
        protocol: str,
        args: Mapping[str, Any],
        whole: bool,
        contexts: Sequence[Mapping[str, str]] = (),
        connection: str = "TODO",
    ) -> Asked:
        return Asked(
            protocol,
            args,
            self.sample,
            self.rows,
            whole,
            contexts,
            connection,
            self.requests,
            self.misfits,
            self.totals,
        )


def _seen(pages: Sequence[Page]) -> _Seen:
    requests: dict[str, list[str]] = {name: [] for name in (pages[0].context if pages else ())}
    found = [(page, record) for page in pages for record in _records(page.records, page.records_path)]
    misfits = [str(record[UNREADABLE]) for _, record in found if UNREADABLE in record]
    totals = [(nth, word) for nth, (_, record) in enumerate(found, start=1) if (word := _total(record))]
    if len(totals) > _FEW_TOTALS * len(found) and len(totals) > 1:
        totals = []  # not sums of the records above, but records that say sums
    left_out = {nth for nth, _ in totals}
    kept = [
        (page, record)
        for nth, (page, record) in enumerate(found, 1)
        if nth not in left_out and UNREADABLE not in record
    ]
    sample = Sample()
    sample.add(flat(record) for _, record in kept)
    for name, said in requests.items():
        said.extend(page.context[name] for page, _ in kept)
    return _Seen(sample, len(kept), requests, misfits, totals)


def _total(record: Any) -> str:
    """The word by which a record looks like a total: its first text begins with one."""
    values = record.values() if isinstance(record, dict) else record
    texts = (value for value in values if isinstance(value, str) and strip(value) and not value[:1].isdigit())
    found = TOTAL.match(strip(next(texts, "")))
    return found[0] if found else ""


def _records(body: bytes, path: str) -> Iterator[Any]:
    if path == NDJSON:
        yield from (records_of(line) for line in body.splitlines() if line.strip())
        return
    found = parse_path(path)
    data = records_of(body)
    for name in found.members or ():
        data = data.get(name) if isinstance(data, dict) else None
    for record in data if isinstance(data, list) else [data]:
        inner = record
        for name in found.inside:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, dict | list):
            yield inner


def flat(record: Any) -> Any:
    """An object with the members of objects in it under their paths: ``$.period.start``."""
    return dict(_members(record, "")) if isinstance(record, dict) else record


def _members(record: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        place = f"{path or '$'}.{name}"
        if isinstance(value, dict) and value and re.fullmatch(r"[A-Za-z_]\w*", name):
            yield from _members(value, place)
        else:
            yield (place if path else name), value


def _named(sample: Sample) -> bool:
    """Whether a header was found: of several names, few of which are missing or numbers."""
    nameless = [name for name in sample.order if name.startswith("(kolom ") or _NUMBER.fullmatch(name)]
    return len(sample.order) > 1 and 2 * len(nameless) < len(sample.order)


# -- files ------------------------------------------------------------------------------------------------------------


def _csv_args(path: Path) -> Iterator[dict[str, Any]]:
    """Dialect and header as DuckDB finds them; its messages quote the file, so none of them is passed on."""
    import duckdb

    with path.open("rb") as file:
        start = file.read(1024 * 1024)
    encoding = _encoding(start)
    reads = {"utf-8": "utf-8", "utf-16": "utf-16", "cp1252": "latin-1"}[encoding]
    args: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    with duckdb.connect(":memory:") as connection:
        try:
            query = f"SELECT Delimiter, Quote, SkipRows FROM sniff_csv({literal(str(path))}, encoding={literal(reads)})"
            row = connection.execute(query).fetchone()
        except duckdb.Error:
            row = None
    delimiter, quote, skipped = row if row is not None else (",", '"', 0)
    if quote not in ('"', "(empty)"):
        args["quote"] = quote
    delimiters = dict.fromkeys([delimiter, ",", *_DELIMITERS])
    tried = [{**args, **({} if sign == "," else {"delimiter": sign})} for sign in delimiters]
    if skipped:
        below = {**tried[0], "header_row": int(skipped) + 1}
        # A title has one field. A first line of several may be the header, though the rows below are wider.
        filled = [cell for cell in start.split(b"\n", 1)[0].split(delimiter.encode()) if cell.strip()]
        tried.insert(0 if len(filled) < 2 else 1, below)
    yield from tried
    # A header may give one name to several columns.
    yield from ({**args, "repeated": "by_left"} for args in tried)


def _encoding(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.start > len(start) - 4 else "cp1252"
    return "utf-8"


def _xlsx_args() -> Iterator[dict[str, Any]]:
    yield {"dates_as": "%d/%m/%Y"}
    yield from ({"dates_as": "%d/%m/%Y", "header_row": row} for row in range(2, _HEADER_ROWS + 1))


def _json_file(path: Path) -> Asked:
    try:
        data = records_of(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        raise ConfigError(
            "the file is not JSON", where=str(path), do="Save one answer of the system as it came"
        ) from None
    place, records = _array(data, "$")
    if not records:
        raise ConfigError("there are no records in the file", where=str(path), do="Save an answer that has some")
    sample = Sample()
    sample.add(map(flat, records))
    args = {"path": "TODO", "records": place} if place != "$" else {"path": "TODO"}
    return Asked("rest", args, sample, len(records), whole=False)


def _array(data: Any, path: str) -> tuple[str, list[Any]]:
    """The longest array of objects or arrays, and where it lies."""
    if isinstance(data, list):
        return (path, data) if data and all(isinstance(row, dict | list) for row in data) else (path, [])
    found: tuple[str, list[Any]] = (path, [])
    for name, value in data.items() if isinstance(data, dict) else ():
        if re.fullmatch(r"[A-Za-z_][\w-]*", name):
            found = max(found, _array(value, f"{path}.{name}"), key=lambda pair: len(pair[1]))
    return found
