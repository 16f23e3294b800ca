"""AWS Signature Version 4 for requests that only read: what S3-compatible stores ask for."""

from collections.abc import Mapping

import requests
from requests_aws4auth import AWS4Auth  # it ships no types

from ledger.settings import Connection


def signed(url: str, connection: Connection, region: str, date: str = "") -> Mapping[str, str]:
    """The headers that prove who asks for a URL (GET), good for a quarter of an hour.

    ``login`` and ``password`` of the connection are the access key and its secret; the secret itself never travels.
    ``date`` (20130524T000000Z) is now without it.
    """
    request = requests.Request("GET", url, headers={"x-amz-date": date} if date else {}).prepare()
    before = {name.lower() for name in request.headers} - {"x-amz-date"}
    proved = AWS4Auth(connection.login, connection.password, region, "s3")(request)
    return {name: str(value) for name, value in proved.headers.items() if name.lower() not in before}
