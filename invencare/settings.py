"""Every setting, read from the environment, with defaults that are safe on one laptop.

``INVENCARE_ENV`` is ``local`` (the default), ``test`` or ``production``. Production refuses a default secret and
DEBUG; see ``invencare.checks`` for the system checks of wrong combinations, and docs/settings.md for the list.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import environ

from invencare.admin_site import UNFOLD  # noqa: F401  (a setting)
from invencare.lib.logs import logging_config
from invencare.refusals import LOCAL_SECRET_KEY, refuse_to_start
from invencare.version import __version__

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    environ.Env.read_env(BASE_DIR / ".env")

INVENCARE_ENV = env.str("INVENCARE_ENV", default="local")
INVENCARE_VERSION = __version__
INVENCARE_COMMIT = env.str("INVENCARE_COMMIT", default="")
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=LOCAL_SECRET_KEY)
IS_PRODUCTION = INVENCARE_ENV == "production"
refuse_to_start(environment=INVENCARE_ENV, secret_key=SECRET_KEY, debug=DEBUG)

VAR_DIR = Path(env.str("INVENCARE_VAR_DIR", default=str(BASE_DIR / "var")))

LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if IS_PRODUCTION else LOCAL_HOSTS)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "import_export",
    "rest_framework",
    "rest_framework_api_key",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "invencare",
    "inventory",
    "analytics",
    "forecasting",
    "insights",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "invencare.lib.correlation.CorrelationMiddleware",
    "invencare.lib.logs.AccessLogMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "invencare.urls"
WSGI_APPLICATION = "invencare.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Data
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'invencare.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    if "DATABASE_URL" not in env:  # the embedded default works from a clean checkout, whichever command comes first
        VAR_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=30,
        init_command=(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON; "
            "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"
        ),
    )
elif DATABASES["default"]["ENGINE"].endswith("mysql"):
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        charset="utf8mb4", isolation_level="read committed", init_command="SET sql_mode='STRICT_TRANS_TABLES'"
    )
    DATABASES["default"].setdefault("TEST", {}).update(CHARSET="utf8mb4", COLLATION="utf8mb4_general_ci")
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Time and language
LANGUAGE_CODE = "en"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")  # the company's; each store has its own
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["invencare.formats"]

# Static files and uploads
STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
if not IS_PRODUCTION:
    # Static files come from the apps here: that nothing was collected is no news.
    warnings.filterwarnings("ignore", message="No directory at: ", category=UserWarning)
MEDIA_ROOT = VAR_DIR / "files"
MEDIA_URL = ""
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("DATA_UPLOAD_MAX_MEMORY_SIZE", default=5 * 1024 * 1024)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a bulk decision posts one field a row
SALES_FILE_MAX_BYTES = env.int("SALES_FILE_MAX_BYTES", default=2 * 1024**3)

# Security
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if IS_PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^version$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    if env.bool("BEHIND_TLS_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# The demo's logins, which production refuses; the default is printed in docs/demo.md.
DEMO_PASSWORD = env.str("DEMO_PASSWORD", default="invencare-demo")

# Mail
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="invencare@localhost")
# Orders are mailed by a worker, so that nobody waits for the mail server; off: in the request, which needs no worker.
MAIL_BY_WORKER = env.bool("MAIL_BY_WORKER", default=IS_PRODUCTION)
SITE_ADDRESS = env.str("SITE_ADDRESS", default="")  # what links in e-mails begin with; empty: mails have none

# Papers: a TrueType font of orders as PDF; empty: the system's DejaVu, else reportlab's Vera (western Europe)
PDF_FONT = env.str("PDF_FONT", default="")

# Background work
# The embedded default is a folder: a real worker and beat without a server. See docs/deploy-servers.md for others.
BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost")
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        # One folder for both directions: what is sent is what is received.
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.5,  # seconds
    }
    # Each worker that ever ran would leave a queue of broadcasts behind that nobody empties.
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": env.int("CELERY_VISIBILITY_TIMEOUT", default=3600)}
    if CELERY_BROKER_URL.startswith("redis") and (key_prefix := env.str("CELERY_KEY_PREFIX", default="")):
        CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = key_prefix  # for a Redis that others use too
CELERY_TASK_ALWAYS_EAGER = env.bool("CELERY_TASK_ALWAYS_EAGER", default=False)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# The nightly run
NIGHTLY_CHUNK_SERIES = env.int("NIGHTLY_CHUNK_SERIES", default=120)
NIGHTLY_MODELS = env.list(
    "NIGHTLY_MODELS", default=["gradient_boosting"]
)  # trained each night on all series; also: lstm
RUN_LEASE_SECONDS = env.int("RUN_LEASE_SECONDS", default=300)
# How long forecasts and their accuracy are kept; see docs/settings.md.
FORECAST_KEEP_DAYS = env.int("FORECAST_KEEP_DAYS", default=14)
LIVE_ACCURACY_LATE_DAYS = env.int("LIVE_ACCURACY_LATE_DAYS", default=7)
LIVE_ACCURACY_WEEKS = env.int("LIVE_ACCURACY_WEEKS", default=13)
ACCURACY_HISTORY_WEEKS = env.int("ACCURACY_HISTORY_WEEKS", default=104)
# Deliveries: the share of what was ordered that may come beyond it; 1 takes up to twice the order.
OVER_DELIVERY_TOLERANCE = env.float("OVER_DELIVERY_TOLERANCE", default=1.0)
TRANSFER_DAYS = env.int("TRANSFER_DAYS", default=2)  # from dispatch to arrival, where nobody says otherwise
TRANSFER_FIXED_COST = env.float("TRANSFER_FIXED_COST", default=5.0)  # of moving one product, in the store's currency
TRANSFER_UNIT_COST = env.float("TRANSFER_UNIT_COST", default=0.1)  # of each unit moved
TRANSFER_LEAST_GAIN = env.float("TRANSFER_LEAST_GAIN", default=2.0)  # net; below it nobody is asked
EXCESS_LEAST_COST = env.float("EXCESS_LEAST_COST", default=2.0)
EXCESS_PATIENCE_DAYS = env.int("EXCESS_PATIENCE_DAYS", default=90)
MOVES_QUIET_DAYS = env.int("MOVES_QUIET_DAYS", default=14)
DECISION_VALUE_LIMIT = env.float("DECISION_VALUE_LIMIT", default=10_000.0)
DECISION_FREE_CHANGE = env.float("DECISION_FREE_CHANGE", default=0.3)
DECISION_NUMBERS_MAX_AGE_DAYS = env.int("DECISION_NUMBERS_MAX_AGE_DAYS", default=2)
HOLDING_COST_PER_YEAR = env.float("HOLDING_COST_PER_YEAR", default=0.2)
GOODWILL_PER_MARGIN = env.float("GOODWILL_PER_MARGIN", default=0.0)
POLICY_GOAL = env.str("POLICY_GOAL", default="balanced")  # also: cost, service_level
READY_NIGHTLY_MAX_AGE_HOURS = env.int("READY_NIGHTLY_MAX_AGE_HOURS", default=0)  # 0: any finished nightly will do

# AWS, where anything of it is used; credentials come from where boto3 finds them
AWS_REGION = env.str("AWS_REGION", default=env.str("AWS_DEFAULT_REGION", default=""))
AWS_ENDPOINT_URL = env.str("AWS_ENDPOINT_URL", default="")  # another one than Amazon's, such as an emulator

# Stock events: the store of events that name none, by stream ("till-stream=N1,*=HQ"; * is every other door).
EVENT_DEFAULT_STORES = env.dict("EVENT_DEFAULT_STORES", default={})

# Alerts to other programs
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)  # plain http, private and loopback addresses
ALERT_SNS_TOPIC_ARN = env.str("ALERT_SNS_TOPIC_ARN", default="")

# API
# Throttles count here. In memory: per process. A shared cache makes the rates exact across processes.
CACHES = {
    "default": env.cache_url("CACHE_URL", default="locmemcache://"),
    # What a process may work out again at any time, and must have whether or not a cache server is there.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "process"},
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "inventory.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["inventory.api.permissions.ScopedModelPermissions"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["inventory.api.parsers.SafeJSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_FILTER_BACKENDS": [
        "inventory.api.filtering.KnownParameters",
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.SearchFilter",
        "inventory.api.filtering.WhitelistOrdering",
    ],
    "DEFAULT_PAGINATION_CLASS": "inventory.api.pagination.BoundedPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_THROTTLE_CLASSES": ["inventory.api.throttling.ActorThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "anonymous": env.str("API_RATE_ANONYMOUS", default="30/min"),
        "actor": env.str("API_RATE", default="1200/min"),
    },
    # How many proxies add to X-Forwarded-For; 0 believes none of it, so that nobody gives themselves addresses.
    "NUM_PROXIES": env.int("API_NUM_PROXIES", default=0),
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "inventory.api.errors.envelope",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "InvenCare API",
    "DESCRIPTION": (
        "Stock, sales, recommendations and purchase orders of a company with many stores.\n\n"
        "`store_id` is a store's code, `product_id` a product's SKU, `supplier_id` a supplier's code. Money and "
        "decimals are strings, days are `YYYY-MM-DD`, instants ISO 8601 with their offset. An actor sees the rows of "
        "its stores alone. See docs/api.md."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "GET_LIB_DOC_EXCLUDES": "inventory.api.openapi.bases_without_words",
    "ENUM_NAME_OVERRIDES": {
        "ProductStatus": "inventory.models.Product.Status",
        "OrderStatus": "inventory.models.PurchaseOrder.Status",
        "MailState": "inventory.models.PurchaseOrder.MailState",
        "CloseReason": "inventory.models.PurchaseOrderLine.CloseReason",
        "TransferStatus": "inventory.models.StockTransfer.Status",
        "RecommendationStatus": "insights.models.ReorderRecommendation.Status",
        "ExcessAction": "insights.models.ExcessRecommendation.Action",
        "ReasonKind": "insights.models.DecisionReason.Kind",
        "RunKind": "insights.models.AnalysisRun.Kind",
        "RunStatus": "insights.models.AnalysisRun.Status",
        "EventOutcome": "inventory.models.StockEvent.Outcome",
        "EventSource": "inventory.models.StockEvent.Source",
        "EventResultOutcome": "inventory.calc.events.verdicts.OUTCOMES",
        "FileStatus": "inventory.models.SalesFile.Status",
        "EventKind": "forecasting.models.CalendarEvent.Kind",
        "OverrideAction": "forecasting.models.ForecastOverride.Action",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "inventory.api.openapi.add_errors",
        "inventory.api.openapi.close_requests",
    ],
}

# Admin
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
IMPORT_EXPORT_USE_TRANSACTIONS = True

LOGGING = logging_config(
    level=env.str("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=IS_PRODUCTION)
)
