"""Starting and stopping the real platform on one machine: PostgreSQL, Airflow, the door, and what is run beside them."""
