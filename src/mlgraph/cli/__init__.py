"""The command line: asks the server over HTTP, and draws what it says."""
