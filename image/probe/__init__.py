"""Headers only: what a scan file says of its pages, every limit checked before anything is allocated."""
