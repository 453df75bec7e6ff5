"""From ready to sent: which upstream, when, and what its reply means; and the telling when it comes to nothing."""
