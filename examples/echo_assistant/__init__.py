"""An assistant service that answers every message with an echo: an example to start from."""
