from insights.admin import runs as runs
