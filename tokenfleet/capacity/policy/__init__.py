"""What a pool wants, decided from what is seen: Python alone, since a node of the cluster runs it too."""
