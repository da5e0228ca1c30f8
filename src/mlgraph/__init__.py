"""The Model Lifecycle Graph: what the tools of machine learning know, in one live graph with a memory."""
