"""Intake of facts, connector events and CloudEvents."""
