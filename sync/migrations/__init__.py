"""The history of the schema: shipped with the package, applied when the store is opened."""

#: The newest revision; a test holds it against the scripts.
HEAD = "0009"
