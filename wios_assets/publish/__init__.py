"""Films in a SQL server: PostgreSQL, MariaDB or MySQL."""
