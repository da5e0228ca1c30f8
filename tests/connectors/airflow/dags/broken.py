"""A file from which Airflow can import no DAG."""

# mypy: disable-error-code="import-not-found, untyped-decorator, attr-defined"
import no_such_package  # noqa: F401
from airflow.sdk import DAG  # noqa: F401
