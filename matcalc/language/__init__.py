"""What is typed or pasted: the plain language and LaTeX, read into one syntax tree."""
