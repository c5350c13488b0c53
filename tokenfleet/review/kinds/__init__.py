"""What a change means by what stands behind a resource: one kind of resource a file."""
