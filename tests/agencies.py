"""The shipped sources that the simulated agencies answer; what somebody adds to the tree is not among them."""

from connectors.source.source_files import load_sources
from ledger.settings import sources_dir
from pilar.commands.demo_course import played
from simulator.server import Simulator

PLAYED = played(load_sources(sources_dir()), Simulator(postgres_url="postgresql://unused").faults.systems)
