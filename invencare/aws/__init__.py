"""AWS, behind functions in our words: the only place that imports boto3. Each raises ``Retryable`` or ``Terminal`` alone."""
