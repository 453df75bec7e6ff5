"""Keep it: the job directories are the truth about what we owe, the journal about what has happened."""
