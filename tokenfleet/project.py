"""The one name everything of a stack begins with, as Pulumi.yaml spells it."""

PROJECT = "tokenfleet"
