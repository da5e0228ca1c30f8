"""The search engines that are compared on the same catalogue."""
