"""How long an evaluation takes, step by step, over landings of several sizes."""
