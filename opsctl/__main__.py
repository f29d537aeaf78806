"""Lets `python -m opsctl` be the console command."""

from opsctl.cli.main import main

if __name__ == "__main__":
    main()
