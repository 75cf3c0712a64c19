"""The application: contracts, domain rules, use cases, adapters and the functions at the edge."""
