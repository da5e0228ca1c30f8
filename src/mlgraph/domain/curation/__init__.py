"""What people write about assets: how it is merged with what sources report, and how a request changes it."""
