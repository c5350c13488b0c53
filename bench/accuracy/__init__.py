"""How close the throughput estimate comes to runs that other people measured."""
