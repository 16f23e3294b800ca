"""The dashboard: one static page that needs no server, no network and no script."""
