"""What the words of a county's volunteer practice network mean, once."""
