"""Decoders of one family each, whose layers take more than a ``Kind`` to say."""
