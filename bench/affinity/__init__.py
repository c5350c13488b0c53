"""What it brings that requests which begin alike meet the same replica."""
