"""Run migrations on the connection that `storage.shared.migrate` hands over."""

from alembic import context

from watchword.storage.site.schema import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables,
    transactional_ddl=True,
)
context.run_migrations()
