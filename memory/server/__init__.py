"""Memory on a PostgreSQL server, for fleets: several robots in one database."""
