"""Pages decoded and encoded, and picture data proved: the packages' users of Pillow, one page at a time."""
