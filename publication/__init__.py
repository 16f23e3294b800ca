"""What readers get: an immutable, hashed folder of tables, documents and pages, and the pointer to the current one."""
