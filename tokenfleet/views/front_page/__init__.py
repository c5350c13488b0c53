"""What the person who pays wants to know, on one page: built once, whoever shows it."""
