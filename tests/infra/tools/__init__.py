"""Makes infra/schemas/ from what Microsoft publishes about Azure's resource types."""
