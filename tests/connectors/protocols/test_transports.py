"""Files over FTP, HTTP and S3 on real servers on loopback: the same guards as in a local folder."""

import datetime as dt
import ftplib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.http.sigv4 import signed
from connectors.protocols import registry
from connectors.protocols.base import Page
from connectors.protocols.files.ftp import _SecureClient
from connectors.protocols.files.s3 import classify, classify_object
from connectors.protocols.files.transport import unsafe_name
from connectors.protocols.files.web import classify_file, classify_head
from ledger.errors import ConfigError, PilarError, SourceError
from ledger.settings import Connection
from tests.connectors.protocols.ftp_servers import FtpServers, serve

PASSWORD = "sandi-dinas-7c1e"
PATTERN = r"balita_(?P<kode>\d\d\.\d\d)_(?P<bulan>\d{4}-\d\d)\.csv"
AUGUST, SEPTEMBER = "balita_64.02_2024-08.csv", "balita_64.02_2024-09.csv"
CSV = b"nik,berat\n1,2.50\n"


def read(
    connection: Connection, contexts: Sequence[Mapping[str, str]] = (), limits: Mapping[str, Any] | None = None,
    **args: Any,
) -> list[Page]:  # fmt: skip
    protocol = registry.get("files.csv")
    checked = protocol.Args.model_validate({"pattern": PATTERN} | args)
    bounds = Limits(connect_s=2, read_s=3, total_s=3, attempts=2, backoff_s=0.01).model_copy(update=dict(limits or {}))
    with HttpClient(connection, bounds) as http:
        return list(protocol(checked, connection, contexts, http).pages())


def refused(connection: Connection, **args: Any) -> PilarError:
    with pytest.raises(PilarError) as caught:
        read(connection, **args)
    assert PASSWORD not in str(caught.value)
    return caught.value


def kind(connection: Connection, **args: Any) -> str:
    error = refused(connection, **args)
    assert isinstance(error, SourceError)
    return error.kind


def changed(connection: Connection, **change: Any) -> Connection:
    extra = {**connection.extra, **change.pop("extra", {})}
    return connection.model_copy(update={**change, "extra": extra})


# FTP ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpServers]:
    folder = tmp_path / "drop"
    (folder / "masuk").mkdir(parents=True)
    (folder / "masuk" / AUGUST).write_bytes(CSV)
    (folder / AUGUST).write_bytes(CSV)
    (folder / "other.csv").write_bytes(CSV)
    with serve(folder, tmp_path, "dinas", PASSWORD) as servers:
        yield servers


@pytest.mark.integration
class TestFtp:
    @pytest.mark.parametrize("way", ["plain", "secure"])
    def test_files_are_read(self, ftp: FtpServers, way: str) -> None:
        [page] = read(getattr(ftp, way))
        assert page.body == CSV
        assert page.context == {"kode": "64.02", "bulan": "2024-08"}
        assert page.request == f"GET {getattr(ftp, way).url}/{AUGUST}"
        assert len(read(getattr(ftp, way), folder="masuk")) == 1

    def test_p6_nothing_is_said_in_clear_unless_the_connection_declares_it(self, ftp: FtpServers) -> None:
        assert isinstance(refused(changed(ftp.plain, extra={"plain": False})), ConfigError)
        # A server without TLS is no way to get at the password either.
        assert kind(changed(ftp.plain, url=ftp.plain.url.replace("ftp:", "ftps:"))) == "permanent"

    def test_the_server_is_proved(self, ftp: FtpServers) -> None:
        for change in ({"extra": {"ca_bundle": None}}, {"url": ftp.secure.url.replace("127.0.0.1", "localhost")}):
            error = refused(changed(ftp.secure, **change))
            assert "identity could not be proved" in error.what
        assert isinstance(refused(changed(ftp.secure, extra={"ca_bundle": "/nowhere"})), ConfigError)

    def test_failures_are_told_apart(self, ftp: FtpServers) -> None:
        assert kind(changed(ftp.secure, password="salah-sekali")) == "auth"
        assert kind(ftp.secure, folder="nowhere") == "permanent"
        assert kind(changed(ftp.secure, url="ftps://127.0.0.1:9")) == "retryable"
        assert kind(changed(ftp.plain, extra={"private": False})) == "permanent"
        assert kind(ftp.plain, pattern="none") == "empty"

    def test_p1_a_file_that_grows_while_it_is_read_is_not_landed(self, ftp: FtpServers) -> None:
        ftp.grow = True
        error = refused(ftp.plain)
        assert isinstance(error, SourceError)
        assert (error.kind, "changed while it was read" in error.what) == ("retryable", True)

    def test_data_travels_in_the_session_of_the_control_connection(
        self, ftp: FtpServers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (ftp.folder / SEPTEMBER).write_bytes(CSV)
        assert len(read(ftp.secure)) == 2
        assert ftp.resumed == [True] * 3  # a listing, two files
        monkeypatch.setattr(_SecureClient, "ntransfercmd", ftplib.FTP_TLS.ntransfercmd)
        assert "522 SSL connection failed: session reuse required" in str(refused(ftp.secure))

    def test_bytes_and_time_are_bounded(self, ftp: FtpServers) -> None:
        assert "larger than 5 bytes" in str(refused(ftp.secure, limits={"max_received": 5}))
        ftp.wait_s = 1
        assert "0.4 s" in str(refused(ftp.plain, limits={"total_s": 0.4}))


# HTTP ---------------------------------------------------------------------------------------------------------------


@dataclass
class Web:
    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    head: int = 200
    grow: bool = False
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def connection(self) -> Connection:
        url = f"http://127.0.0.1:{self.port}/data"
        return Connection(url=url, login="dinas", password=PASSWORD, extra={"private": True})


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web({f"/data/{AUGUST}": CSV, f"/data/masuk/{AUGUST}": CSV})

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            made.asked.append(f"{self.command} {self.path} {self.headers.get('Authorization', '')[:5]}")
            body = made.files.get(self.path)
            status = made.head if body is not None and not with_body else 200 if body is not None else 404
            self.send_response(status)
            body = body or b""
            for name, value in (
                {"Content-Length": str(len(body)), "ETag": f'"{body[-4:].hex()}"'} | made.headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)
                if made.grow:
                    made.files[self.path] = body[:-4] + b"9.9\n"

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.mark.integration
class TestWeb:
    def test_declared_files_are_read_and_one_may_be_missing(self, web: Web) -> None:
        contexts = [{"bulan": "2024-08"}, {"bulan": "2024-09"}]
        [page] = read(web.connection, contexts, names=["balita_64.02_{bulan}.csv"])
        assert (page.body, page.context) == (CSV, {"kode": "64.02", "bulan": "2024-08"})
        assert page.request == f"GET http://127.0.0.1:{web.port}/data/{AUGUST}"
        assert web.asked[0] == f"HEAD /data/{AUGUST} Basic"
        assert len(read(web.connection, folder="masuk", names=[AUGUST])) == 1
        assert kind(web.connection, names=[SEPTEMBER]) == "empty"

    def test_p1_a_file_that_changes_while_it_is_read_is_not_landed(self, web: Web) -> None:
        web.grow = True
        error = refused(web.connection, names=[AUGUST])
        assert isinstance(error, SourceError)
        assert (error.kind, "changed while it was read" in error.what) == ("retryable", True)

    def test_a_server_that_knows_no_head_is_read_all_the_same(self, web: Web) -> None:
        web.head = 405
        assert len(read(web.connection, names=[AUGUST])) == 1

    def test_a_page_instead_of_a_file_is_no_file(self, web: Web) -> None:
        web.files[f"/data/{AUGUST}"] = b"<!DOCTYPE html><html>Halaman tidak ditemukan</html>"
        assert kind(web.connection, names=[AUGUST]) == "damaged"

    def test_bytes_are_bounded(self, web: Web) -> None:
        assert "more than 5 bytes" in str(refused(web.connection, names=[AUGUST], limits={"max_received": 5}))

    @pytest.mark.parametrize("names", [["../rahasia.csv"], ["a/b.csv"], [".."], ["a\nb"]])
    def test_p10_declared_names_stay_in_the_folder(self, web: Web, names: list[str]) -> None:
        assert isinstance(refused(web.connection, names=names), ConfigError)
        assert web.asked == []


# S3 -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def store() -> Iterator[Connection]:
    """A simulated store; it answers as S3 does, but lets every signature pass (the signature has its own test)."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    extra = {"private": True, "endpoint": f"http://{host}:{port}", "region": "ap-southeast-3"}
    yield Connection(url="s3://drop/dinkes", login="kunci-akses", password=PASSWORD, extra=extra)
    server.stop()


@pytest.fixture
def bucket(store: Connection) -> Iterator[Any]:
    from moto.s3.models import s3_backends

    backend = s3_backends["123456789012"]["aws"]
    backend.create_bucket("drop", "ap-southeast-3")
    yield lambda key, body: backend.put_object("drop", key, body)
    backend.reset()


@pytest.mark.integration
class TestS3:
    def test_objects_under_a_prefix_are_read(self, store: Connection, bucket: Any) -> None:
        for key in ("dinkes/", f"dinkes/{AUGUST}", f"dinkes/masuk/{SEPTEMBER}", f"lain/{AUGUST}", "dinkes/x y+z.csv"):
            bucket(key, CSV)
        [page] = read(store)
        assert (page.body, page.context["bulan"]) == (CSV, "2024-08")
        assert page.request == f"GET s3://drop/dinkes/{AUGUST}"
        assert [page.context["bulan"] for page in read(store, folder="masuk")] == ["2024-09"]
        assert len(read(store, pattern=r"x y\+z\.csv")) == 1

    def test_a_listing_of_many_pages_is_read_to_its_end_and_the_newest_chosen(
        self, store: Connection, bucket: Any
    ) -> None:
        for day in range(1001):
            bucket(f"dinkes/a_{day:04}.csv", b"a\n1\n")
        [page] = read(store, pattern=r"a_(?P<hari>\d+)\.csv", newest={"by": "hari"}, max_files=1)
        assert page.context == {"hari": "1000"}

    def test_p1_an_object_that_is_replaced_after_the_listing_is_not_landed(
        self, store: Connection, bucket: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from connectors.protocols.files.s3 import S3Folder

        bucket(f"dinkes/{AUGUST}", CSV)
        listed = S3Folder.files

        def replace_after(self: S3Folder) -> Any:
            found = listed(self)
            bucket(f"dinkes/{AUGUST}", CSV.replace(b"2", b"3"))
            return found

        monkeypatch.setattr(S3Folder, "files", replace_after)
        assert kind(store) == "retryable"

    def test_failures_are_told_apart(self, store: Connection, bucket: Any) -> None:
        bucket(f"dinkes/{AUGUST}", CSV)
        assert kind(changed(store, url="s3://nowhere/x")) == "permanent"
        assert kind(changed(store, url="s3://drop/nowhere")) == "empty"
        assert kind(changed(store, extra={"private": False})) == "permanent"
        assert kind(changed(store, extra={"endpoint": "http://127.0.0.1:9"})) == "retryable"
        assert "more than 5 bytes" in str(refused(store, pattern="x", limits={"max_received": 5}))
        assert isinstance(refused(changed(store, extra={"endpoint": None})), ConfigError)


def test_the_signature_is_that_of_the_standard() -> None:
    """Example "GET Bucket (List Objects)" of Amazon's page "Signature Calculations for the Authorization Header"."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    connection = Connection(url="s3://x", login="AKIAIOSFODNN7EXAMPLE", password=secret)
    url = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"
    headers = signed(url, connection, "us-east-1", "20130524T000000Z")
    assert headers["Authorization"].endswith(
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )
    assert secret not in str(headers)
    today = f"{dt.datetime.now(dt.UTC):%Y%m%d}"
    assert today in signed(url, connection, "us-east-1")["Authorization"]


ERROR = "<?xml version='1.0'?><Error><Code>{}</Code></Error>"
Classify = Callable[[int, Mapping[str, str], bytes], Any]


@pytest.mark.parametrize(
    ("how", "status", "body", "wanted"),
    [
        (classify, 403, ERROR.format("SignatureDoesNotMatch"), "auth"),
        (classify, 403, ERROR.format("RequestTimeTooSkewed"), "permanent"),
        (classify, 400, ERROR.format("ExpiredToken"), "auth"),
        (classify, 404, ERROR.format("NoSuchBucket"), "permanent"),
        (classify, 503, ERROR.format("SlowDown"), "retryable"),
        (classify, 200, "<html>Halaman utama</html>", "damaged"),
        (classify, 500, "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "retryable"),
        (classify_object, 404, ERROR.format("NoSuchKey"), "retryable"),
        (classify_object, 200, "a,b", "ok"),
        (classify_head, 404, "", "empty"),
        (classify_head, 501, "", "ok"),
        (classify_head, 403, "", "auth"),
        (classify_file, 410, "", "empty"),
        (classify_file, 200, "<html><input type='password'></html>", "auth"),
        (classify_file, 500, "x", "retryable"),
    ],
)
def test_table(how: Classify, status: int, body: str, wanted: str) -> None:
    assert how(status, {}, body.encode()).kind == wanted


@pytest.mark.parametrize("status", [400, 403, 409, 500, 503])
@pytest.mark.parametrize(
    ("codes", "wanted"),
    [
        ("InternalError OperationAborted RequestTimeout ServiceUnavailable SlowDown", "retryable"),
        ("AccessDenied AccountProblem ExpiredToken InvalidAccessKeyId SignatureDoesNotMatch", "auth"),
    ],
    ids=["later", "access"],
)
def test_a_stores_own_word_says_more_than_its_status(status: int, codes: str, wanted: str) -> None:
    found = {code: classify(status, {}, ERROR.format(code).encode()).kind for code in codes.split()}
    assert found == dict.fromkeys(codes.split(), wanted)


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "a\\b", "a\0b", "a\nb", "a\x7f"])
def test_names_that_lead_elsewhere_are_known(name: str) -> None:
    assert unsafe_name(name)
    assert not unsafe_name("balita 64.02 (1).csv")
