"""Each claim about speed or accuracy, in one command, with its peer in the same run."""
