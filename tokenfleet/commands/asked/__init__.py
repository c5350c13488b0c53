"""What a command was asked: which stack, which model, with which files and options."""
