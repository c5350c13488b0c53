"""Dated facts with their sources: hardware, prices, engines, models."""
