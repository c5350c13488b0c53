"""Decisions for fleets that serve open-weight LLMs on AWS, and the command."""
