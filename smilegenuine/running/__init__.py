"""What any work needs, whatever it is about: numbers as text, places for output."""
