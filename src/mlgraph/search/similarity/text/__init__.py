"""The words of assets and briefs: how they are split, what they mean, and how well one text covers another."""
