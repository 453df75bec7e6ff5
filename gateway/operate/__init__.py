"""What a person does at the box: look at the queue, at a job, at the state of it all."""
