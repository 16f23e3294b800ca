"""`pilar relay`: events from queues."""

import typer


def relay_command() -> None:
    """Take events from the queues that PILAR_RELAY names, until Ctrl-C.

    Each is the name of a connection (PILAR_CONN_<NAME>): Redis Streams, RabbitMQ, NATS JetStream or Kafka.
    """
    from pilar.commands import installation
    from pilar.commands.console import out
    from pilar.platform import logs, relay

    _, settings = installation.opened()
    logs.configure("INFO")
    inboxes = relay.inboxes(settings)
    out.print(f"listening to {', '.join(one.name for one in inboxes)} (Ctrl-C stops it)", markup=False)
    try:
        relay.serve(settings, inboxes)
    except KeyboardInterrupt:
        raise typer.Exit from None
