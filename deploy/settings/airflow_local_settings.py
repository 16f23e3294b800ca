"""Airflow imports this file in each of its processes; pilar/platform/preload.py says what it is for."""

import sys

if "scheduler" in sys.argv:
    from pilar.platform.preload import preload

    preload()
