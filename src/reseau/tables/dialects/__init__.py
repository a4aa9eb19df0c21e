"""How the tables that people have are written, one dialect a file."""
