"""Where it runs: regions, zones and quotas, and what things cost there."""
