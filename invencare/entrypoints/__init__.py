"""What AWS Lambda calls by path. Nothing comes before the import of a handler's module, so the site is started here."""

import os

import django
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invencare.settings")
if not apps.ready:
    django.setup()
