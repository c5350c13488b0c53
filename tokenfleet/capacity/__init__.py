"""Spot capacity: what a pool asks for, what that has been worth on recorded capacity, what to expect."""
