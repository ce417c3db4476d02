"""Clients of AWS, made once a process, and the translation of what botocore raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings

from invencare.aws.errors import Retryable, Terminal

RETRYABLE_CODES = frozenset(
    "ProvisionedThroughputExceededException LimitExceededException ThrottlingException Throttling InternalFailure "
    "InternalServerError ServiceUnavailable ServiceUnavailableException RequestTimeout KMSThrottlingException "
    "RequestLimitExceeded".split()
)


def client(service: str) -> Any:
    """The client of a service, in ``AWS_REGION`` and at ``AWS_ENDPOINT_URL`` if that is set.

    Raises ``Terminal`` without boto3 (the extra “aws”).
    """
    return _client(service, settings.AWS_REGION, settings.AWS_ENDPOINT_URL)


@cache
def _client(service: str, region: str, endpoint: str) -> Any:
    try:
        import boto3  # only processes that speak to AWS have it
        from botocore.config import Config
    except ImportError as error:
        raise Terminal("boto3 is not installed: install the extra “aws”.") from error
    config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 2})
    return boto3.client(service, region_name=region or None, endpoint_url=endpoint or None, config=config)


@contextmanager
def translated(*also_retryable: str) -> Iterator[None]:
    """Turn what botocore raises into ``Retryable`` or ``Terminal``; the error's own code comes first in the message."""
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004  botocore's

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in RETRYABLE_CODES or code in also_retryable or status >= 500:
            raise Retryable(f"{code}: {error}") from error
        raise Terminal(f"{code}: {error}") from error
    except (ConnectionError, HTTPClientError) as error:
        raise Retryable(str(error)) from error
    except BotoCoreError as error:
        raise Terminal(str(error)) from error
