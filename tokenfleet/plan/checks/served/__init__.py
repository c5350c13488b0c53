"""What is served: models, their names, and what they ask of their engines."""
