"""Command line interface: calls a server over HTTP and renders its answers."""
