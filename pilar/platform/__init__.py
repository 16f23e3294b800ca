"""Starting and stopping the real platform on one machine: PostgreSQL, Airflow, the door and what runs beside them."""
