"""What a row of a table asks: which model, on which machine, with which software, at which load."""
