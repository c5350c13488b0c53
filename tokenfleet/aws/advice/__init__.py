"""What EC2 and Service Quotas say of an account before it is deployed to; nothing is changed."""
