"""How far each shard of a stream has been read, and by whom."""

from __future__ import annotations

from django.db import models


class StreamShard(models.Model):
    """One shard of one stream. Written by its consumers (``manage.py consume_stream``) alone.

    ``checkpoint`` is the last record that was taken in. Whoever holds the lease reads; ``lease_count`` grows with each
    change of hands, so that a former holder who wakes up late writes no checkpoint any more.
    """

    stream = models.CharField(max_length=128)
    shard_id = models.CharField("shard", max_length=64)
    parent_ids = models.JSONField(
        default=list, blank=True, help_text="Shards that have to be read to their end before."
    )
    checkpoint = models.CharField(max_length=128, blank=True, help_text="Sequence number; empty: nothing read yet.")
    is_finished = models.BooleanField("read to its end", default=False)
    lease_owner = models.CharField("consumer", max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_count = models.PositiveIntegerField(default=0)
    behind_seconds = models.FloatField("behind (s)", null=True, blank=True)
    records_read = models.PositiveBigIntegerField(default=0)
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "stream_shards"
        ordering = ["stream", "shard_id"]
        constraints = [models.UniqueConstraint(fields=["stream", "shard_id"], name="stream_shard_once")]

    def __str__(self) -> str:
        return f"{self.stream} {self.shard_id}"
