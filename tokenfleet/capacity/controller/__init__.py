"""What runs in the cluster: hears notices, launches and ends nodes, moves replicas. Python and boto3 alone."""
