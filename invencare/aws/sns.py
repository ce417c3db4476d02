"""SNS: one message to a topic."""

from __future__ import annotations

from invencare.aws.session import client, translated

LONGEST_SUBJECT = 100


def publish(topic_arn: str, *, subject: str, message: str) -> str:
    """Publish a message and return its id; the subject is cut to what SNS takes: 100 printable ASCII characters."""
    plain = " ".join(subject.encode("ascii", "replace").decode().split())[:LONGEST_SUBJECT] or "InvenCare"
    sns = client("sns")
    with translated():
        message_id: str = sns.publish(TopicArn=topic_arn, Subject=plain, Message=message)["MessageId"]
    return message_id
