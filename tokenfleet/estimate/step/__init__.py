"""One step of the engine: what it reads, computes and sends, and how long that takes."""
