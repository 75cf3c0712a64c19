"""The SQL dialect of Cosmos DB: parsed with a grammar, compiled to SQLite over JSON."""
