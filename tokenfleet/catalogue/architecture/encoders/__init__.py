"""Encoders of one kin each."""
