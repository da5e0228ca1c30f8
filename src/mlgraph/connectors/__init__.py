"""Connectors turn a tool's own words into facts.

They are pure: no input or output, no clock, no memory between calls. Each is one `mlgraph.ports.connector.Connector`; connectors
do not import one another (docs/how-to/write-a-connector.md).
"""
