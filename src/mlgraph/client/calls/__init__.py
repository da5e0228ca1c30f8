"""The methods of the client, one mixin for each group of calls."""
