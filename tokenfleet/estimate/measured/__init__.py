"""What somebody measured on a server of their own, in place of the estimate."""
