"""What the bindings of all functions have in common."""

STORAGE = "AzureWebJobsStorage"
"""The setting, or section of settings, that says where the queues are."""
