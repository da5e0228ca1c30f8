"""Source adapter for Airflow 3."""
