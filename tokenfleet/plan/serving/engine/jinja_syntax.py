"""Whether a text is a template, by the rules of the Jinja that engines render chats with."""

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser


class _Generation(Extension):
    """``{% generation %}``, which marks what a model answered (transformers, chat_template_utils)."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """What is between both ends stays as it is."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def syntax_problem(text: str) -> str | None:
    """The line and what is wrong there, None where it can be read."""
    # Nothing is rendered here, so that nothing needs to be escaped.
    environment = Environment(  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[_Generation, "jinja2.ext.loopcontrols"],
    )
    try:
        environment.compile(text, raw=True)
    except RecursionError:
        return "its expressions are nested too deeply"
    except TemplateSyntaxError as error:
        return f"line {error.lineno}: {error.message}"
    return None
