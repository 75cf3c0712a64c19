"""Rules of the product, without I/O: a command turns a conversation into a change of it."""
