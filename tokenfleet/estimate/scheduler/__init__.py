"""vLLM's scheduler, played step by step: what a replica does with a stream of requests."""
