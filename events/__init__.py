"""How a signal becomes a run: the door that takes signed events, and the dispatcher that hands them to Airflow."""
