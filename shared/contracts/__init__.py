"""The wire: what clients and assistant services send and receive, without behaviour."""
