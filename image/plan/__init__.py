"""What is done to each page: its bytes passed, put in another wrapper, or decoded and encoded anew."""
