"""SQL: schema, migrations and named queries for each half."""
