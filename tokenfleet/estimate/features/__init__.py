"""What a server does besides: drafts, adapters, prefixes that are found in its cache."""
