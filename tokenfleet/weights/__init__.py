"""Published weights: what a snapshot is, its manifest, and how it gets into the bucket."""
