"""API keys in Key Vault, through the real SDK, against a small vault of our own."""
