"""What any work needs, whatever it is about: text, places for output, files, processes."""
