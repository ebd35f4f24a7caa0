"""Command lines that are told by the script's own text, as it stands."""

import argparse


class Options(argparse.ArgumentParser):
    """`--help` prints the text, and a mistake its line that begins with "usage:"."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def format_help(self):
        return self.text.strip() + "\n"

    def format_usage(self):
        return next(line for line in self.text.splitlines() if line.startswith("usage:")) + "\n"
