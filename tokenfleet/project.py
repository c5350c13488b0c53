"""The one name everything of this project begins with: package, command, tags, Pulumi.yaml."""

PROJECT = "tokenfleet"
