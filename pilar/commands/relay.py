"""`pilar relay`: events from queues."""

import typer


def relay_command() -> None:
    """Take events from the queues that PILAR_RELAY names, until Ctrl-C.

    Each is the name of a connection (PILAR_CONN_<NAME>): Redis Streams, RabbitMQ, NATS JetStream or Kafka. It
    also looks at the files of sources that these announce (`events.drop` in a source file).
    """
    from pilar.commands import installation
    from pilar.commands.console import out
    from pilar.platform import logs, relay

    _, settings = installation.opened()
    logs.configure("INFO")
    inboxes = relay.inboxes(settings)
    names = ", ".join(one.name for one in inboxes) or "no queue, and looking at files"
    out.print(f"listening to {names} (Ctrl-C stops it)", markup=False)
    try:
        relay.serve(settings, inboxes)
    except KeyboardInterrupt:
        raise typer.Exit from None
