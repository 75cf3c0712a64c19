"""The HTTP edge: one blueprint a resource, and what all routes have in common."""
