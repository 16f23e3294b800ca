"""The shipped sources that the simulated agencies answer, as the demo asks for them.

What somebody adds to the tree is not among them.
"""

from connectors.source.for_each import expanded
from connectors.source.source_files import load_sources
from ledger.regions import known
from ledger.settings import sources_dir
from pilar.commands.demo_course import played
from simulator.regions import REGIONS
from simulator.server import Simulator

_REGIONS = known([region.kemendagri for region in REGIONS])
PLAYED = {
    name: source.model_copy(update={"for_each": expanded(source.for_each, _REGIONS)})
    for name, source in played(
        load_sources(sources_dir()), Simulator(postgres_url="postgresql://unused").faults.systems
    ).items()
}
