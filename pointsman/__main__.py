"""`python -m pointsman`, where the command is not on the path."""

from pointsman.command.main import main

if __name__ == "__main__":
    main()
