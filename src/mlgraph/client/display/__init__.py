"""Answers as notebooks show them: drawings, tables, data frames and graphs."""
