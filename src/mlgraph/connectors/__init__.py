"""Connectors convert the payloads of tools to facts.

They are pure: no input or output, no clock, no state between calls. Each is one `mlgraph.ports.connector.Connector`; connectors
do not import one another (docs/how-to/write-a-connector.md).
"""
