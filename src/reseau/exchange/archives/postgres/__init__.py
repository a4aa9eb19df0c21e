"""PostgreSQL as a source and a sink of tables, by URL."""
