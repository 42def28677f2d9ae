"""Groups of commands: how they list what is below them, and what they say of a name they do not know."""

import click


class Group(click.Group):
    """Says of each command below it one whole sentence, and of a misspelt one which is the nearest."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; a long sentence goes on in the next line instead of ending in dots."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(limit=_WHOLE))
            for name, command in named
            if command is not None and not command.hidden
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Give an example: a group's own, or that of one of its commands, of ``list`` if it has that."""
        if not self.epilog:
            names = sorted(self.list_commands(ctx), key=lambda name: name != "list")
            below = (self.get_command(ctx, name) for name in names)
            self.epilog = next((each.epilog for each in below if each and each.epilog), None)
        super().format_epilog(ctx, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; for one that is misspelt, name the nearest."""
        name = args[0]
        names = self.list_commands(ctx)
        if name not in names and not name.startswith("-") and self.get_command(ctx, name) is None:
            import difflib

            near = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


_WHOLE = 1000  # letters: no sentence of ours is that long
