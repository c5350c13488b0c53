"""The engine of a replica: its command, its flags, what it compiles, and how it drafts."""
