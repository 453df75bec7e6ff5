"""Take responsibility: a scan from a share or by SMTP becomes a committed job, or stays the sender's."""
