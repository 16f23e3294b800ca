"""Which addresses may be talked to."""

import pytest

from connectors.http.addresses import Dialer, refusal
from ledger.errors import SourceError

PUBLIC = ["93.184.216.34", "103.10.20.30", "2001:4860:4860::8888", "::ffff:93.184.216.34"]
PRIVATE = ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1"]
WRAPPED = ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1"]
NEVER = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",  # noqa: S104
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "0.1.2.3",
    "not an address",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_talked_to(address: str) -> None:
    assert refusal(address, allow_private=False) == ""


@pytest.mark.fault(15)
@pytest.mark.parametrize("address", PRIVATE + WRAPPED)
def test_private_addresses_only_when_declared_and_in_whatever_wrapping(address: str) -> None:
    assert refusal(address, allow_private=False) != ""
    assert refusal(address, allow_private=True) == ""


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_talked_to(address: str) -> None:
    assert refusal(address, allow_private=True) != ""
    assert refusal(address, allow_private=False) != ""


def test_one_forbidden_address_among_good_ones_refuses_the_host() -> None:
    dialer = Dialer(allow_private=False, resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(SourceError, match=r"10\.0\.0\.1") as caught:
        dialer.addresses("opd.example", 443)
    assert caught.value.kind == "permanent"


def test_a_name_without_an_address_may_have_one_later() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(SourceError) as caught:
        Dialer(allow_private=False, resolve=nowhere).addresses("opd.example", 443)
    assert caught.value.kind == "retryable"
    with pytest.raises(SourceError):
        Dialer(allow_private=False, resolve=lambda host, port: []).addresses("opd.example", 443)
