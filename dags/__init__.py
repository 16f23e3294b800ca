"""The steps of ``pilar.steps`` in Airflow's order: a DAG names the order of calls, and nothing else."""
