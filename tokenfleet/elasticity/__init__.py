"""Replicas that follow a load, played second by second: what a scaling rule serves, sheds and costs."""
