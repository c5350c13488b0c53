"""What a stack costs in an hour, line by line."""
