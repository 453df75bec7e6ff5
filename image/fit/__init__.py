"""What is done to a finished PDF before it goes out: blank pages left out, and the whole made to fit the mail."""
