"""How far the shards of streams are read, by which consumer."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from invencare.lib import clock
from inventory.admin.base import ReadOnlyAdmin
from inventory.models import StreamShard


@admin.register(StreamShard)
class StreamShardAdmin(ReadOnlyAdmin):
    """Written by ``manage.py consume_stream``; a shard without a consumer waits for one."""

    filled_by = "“manage.py consume_stream” lists a stream's shards here as it reads them."
    list_display = ["stream", "shard_id", "show_state", "show_behind", "records_read", "lease_owner", "updated_at"]
    list_display_links = ["shard_id"]
    list_before_template = "admin/inventory/streamshard/before_list.html"
    list_filter = ["stream"]
    fields = [
        "stream", "shard_id", "show_state", "show_behind", "records_read", "checkpoint", "parent_ids", "lease_owner",
        "lease_until", "updated_at",
    ]  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: StreamShard | None = None) -> list[str]:
        return list(self.fields or [])

    @display(
        description="state",
        label={
            "Being read": "success",
            "No consumer": "danger",
            "Waits for its parents": "info",
            "Read to its end": "info",
        },
    )
    def show_state(self, shard: StreamShard) -> str:
        if shard.is_finished:
            return "Read to its end"
        if shard.lease_owner and shard.lease_until and shard.lease_until > clock.now():
            return "Being read"
        return "Waits for its parents" if shard.parent_ids and not shard.checkpoint else "No consumer"

    @display(description="behind", ordering="behind_seconds")
    def show_behind(self, shard: StreamShard) -> str:
        if shard.behind_seconds is None:
            return "not read yet"
        return f"{shard.behind_seconds:,.0f} s"
