"""Settings and catalogue to plan: pure decisions, one a module."""
