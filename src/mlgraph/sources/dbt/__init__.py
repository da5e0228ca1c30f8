"""The files of dbt: the artifacts in `target/`, and the place of tables in `profiles.yml`."""
