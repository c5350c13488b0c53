"""The rules as a Pulumi policy pack: what it is told, what it can judge, and how it reports."""
