"""What a user's own cluster took for a start, beside what was predicted."""
