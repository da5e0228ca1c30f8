"""What people write about assets (docs/curation.md), and how much assets are used."""
