"""Archives and databases: TAP services are asked, PostgreSQL is read and written."""
