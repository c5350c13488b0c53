"""The capacity controller of pools with a spot tier: what it knows, hears and may do, where it runs."""
