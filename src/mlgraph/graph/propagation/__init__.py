"""Which assets were rebuilt since a change."""
