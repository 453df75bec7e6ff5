"""The share is the screen: what people at the printer can read of the box, STATUS.txt in each share."""
