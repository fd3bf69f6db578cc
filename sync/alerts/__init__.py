"""Alerts: what is wrong is told once to each channel, and once more when it is well again.

The conditions follow from the state database; what each channel was told of them stands in it too.
What is due is the difference, as with customers, so that a restart repeats nothing.
"""
