"""Sales files into the ledger: CSV, Parquet and XLSX, for the command, the admin, the API and the worker."""

from inventory.services.sales_import.importing import Progress, import_kept_file, import_sales_file
from inventory.services.sales_import.lines import Reject
from inventory.services.sales_import.options import ImportOptions
from inventory.services.sales_import.plan import ReadingPlan
from inventory.services.sales_import.preview import Preview, PreviewRow, preview_sales_file
from inventory.services.sales_import.uploads import keep_upload, kept_path, rejects_path, sent_within, stale_files

__all__ = [
    "ImportOptions",
    "Preview",
    "PreviewRow",
    "Progress",
    "ReadingPlan",
    "Reject",
    "import_kept_file",
    "import_sales_file",
    "keep_upload",
    "kept_path",
    "preview_sales_file",
    "rejects_path",
    "sent_within",
    "stale_files",
]
