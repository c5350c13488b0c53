"""Runs the real program and records what it asks the engine for."""
