"""What tests of the whole product share: callers, an assistant service, subscribers."""
