"""The deployment package: what is in it, and that it works with nothing else installed."""
