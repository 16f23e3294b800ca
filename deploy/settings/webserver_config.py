"""Who may log in to Airflow: users of its own database. Flask-AppBuilder reads this file."""

from flask_appbuilder.const import AUTH_DB

AUTH_TYPE = AUTH_DB
AUTH_USER_REGISTRATION = False
WTF_CSRF_ENABLED = True
# One API server: its own memory is enough to count failed logins.
RATELIMIT_STORAGE_URI = "memory://"
