"""What is wrong with a fleet that can be built: judged once, whoever shows it."""
