"""Work on a stranger's bytes, done in processes that can do little else."""
