"""Cosmos DB: the client, the documents and the repositories, each a container or a part of one."""
