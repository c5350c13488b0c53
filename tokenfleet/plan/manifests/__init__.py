"""The Kubernetes objects of served models, as the program asks for them."""
