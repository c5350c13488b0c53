"""Where the edge listens, inside its pod."""

HTTP = 8080
"""What clients call."""
METRICS = 9090
"""Metrics and readiness, nothing else."""
ADMIN = 9901
"""Envoy's own door, on loopback: it can end the process and shows all routes."""
