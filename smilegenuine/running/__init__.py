"""What any part of the package may need to run: text, files, processes, progress."""
