"""Sending a message to one address, through Apprise. What Apprise says of an address is kept out of every log."""

import logging

from pilar.alerts.addresses import Address

NO_ADDRESS = "this is no address that Apprise knows"
REFUSED = "not taken: the service could not be reached, or it refused"


def send(address: Address, title: str, body: str) -> str | None:
    """Send a plain text. Returns None when the service took it, else why not, in words without the address."""
    import apprise

    # Its lines quote addresses, and with them passwords and tokens.
    logging.getLogger("apprise").disabled = True
    try:
        service = apprise.Apprise.instantiate(address.url, suppress_exceptions=True)
        if service is None or isinstance(service, str):
            return NO_ADDRESS
        taken = service.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT)
    except Exception as error:
        # A library of many services: what one of them did not foresee stops no other.
        return f"not taken: {type(error).__name__}"
    return None if taken else REFUSED
