"""Answers, tables, the picture and the report."""
