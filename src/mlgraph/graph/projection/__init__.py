"""The asset-level rules: from what runs reported to validity intervals and rows."""
