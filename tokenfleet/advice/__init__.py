"""What would block ``pulumi up`` or make spot a bad idea, judged from what an account says."""
