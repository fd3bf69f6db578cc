"""What a vendor says and hears. Keeps no state and no clock; knows none of the other packages."""
