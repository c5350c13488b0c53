"""The rules a stack must obey, over a recorded program."""
