"""Use cases, one module a resource: checks first, then one change, then what follows from it."""
