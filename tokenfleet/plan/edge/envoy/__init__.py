"""The configuration of Envoy: what it listens to, whom it lets in, where requests go."""
