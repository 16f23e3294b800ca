"""Puts stand-ins in the place of ``pilar.steps``, in every process that has this folder on its path.

The platform's own tests are about events, Airflow and processes; what the steps do has tests of its own.
"""

import os
import sys

if os.environ.get("PILAR_STUB_LOG"):
    import stub_steps

    sys.modules["pilar.steps"] = stub_steps
    # The stand-ins need none of the heavy libraries, and no dbt.
    import pilar.platform.preload

    pilar.platform.preload.HEAVY = ("pilar.steps",)
    pilar.platform.preload.REHEARSALS = ()
