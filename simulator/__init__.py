"""The agencies' systems, played on loopback for the demo and the tests."""
