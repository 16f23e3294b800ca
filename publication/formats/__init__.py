"""The formats in which a publication is given to readers: one module each, listed in ``registry``."""
