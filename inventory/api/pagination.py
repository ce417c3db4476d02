from rest_framework.pagination import PageNumberPagination


class BoundedPagination(PageNumberPagination):
    """Pages of 50 rows, or of ``page_size`` up to 500."""

    page_size_query_param = "page_size"
    max_page_size = 500
