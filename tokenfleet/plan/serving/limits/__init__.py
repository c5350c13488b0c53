"""What a server carries within its objective, and the limits that it is given for that."""
