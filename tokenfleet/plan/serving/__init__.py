"""What a replica is: what it holds, how it runs, how it ends, and the objects around it."""
